// Verifies one stream's directory, offline and read-only, and adds what it finds to a report.
//
// Confined to one thread. Memory is bounded: lines are streamed, faults and open decisions capped.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "audit/escrow.h"
#include "audit/follow.h"
#include "audit/input.h"
#include "audit/reader.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

struct VerifyKeys {
  std::optional<PublicKey> public_key;
  std::optional<Digest> first_key;  // K_0
  std::optional<EscrowPrivateKey> escrow;
};

// Collects faults: all kinds are kept, the list itself is capped.
class FaultList {
 public:
  explicit FaultList(VerifyReport& report) : report_(report) {}
  void add(Fault fault);
  bool has(VerifyExit kind) const { return kinds_.contains(kind); }

 private:
  VerifyReport& report_;
  std::set<VerifyExit> kinds_;
};

// The receipts to look for, by stream and seq; each is taken out when its record was seen.
using Receipts = std::multimap<std::pair<StreamId, std::uint64_t>, Receipt>;

class StreamVerifier {
 public:
  StreamVerifier(const VerifyKeys& keys, VerifyReport& report, FaultList& faults)
      : keys_(keys), report_(report), faults_(faults) {}
  void run(const std::string& directory, Receipts& receipts);

 private:
  void prepare(const std::vector<SegmentName>& segments);
  void find_first_key(const SegmentName& first);
  void read_segment(const SegmentName& segment, bool last, Receipts& receipts);
  void take_line(const Line& line, bool last, Receipts& receipts);
  void take_record(const ParsedRecord& record, const Line& line, Receipts& receipts);
  void count(const ParsedRecord& record);
  void track_decision();
  void load_checkpoint();
  void check_checkpoint();
  void check_receipts(const ParsedRecord& record, const Line& line, Receipts& receipts);
  void fault_receipt(const Line& line, const Receipt& receipt, const std::string& why);
  bool is_forged(const Receipt& receipt) const;
  void end_segment(bool last, const Line& end);
  void finish(const Line& end, Receipts& receipts);
  void fault(const Line& line, VerifyExit kind, std::string message);

  const VerifyKeys& keys_;
  VerifyReport& report_;
  FaultList& faults_;
  StreamReport stream_;
  std::optional<EpochKey> first_key_;
  std::optional<Follower> follower_;
  std::optional<Checkpoint> checkpoint_;
  bool checkpoint_loaded_ = false;
  std::string file_;                  // the segment that is being read
  std::optional<std::uint64_t> seq_;  // of the line in hand
  bool unwritten_ = false;            // NUL bytes were seen before the line in hand
  std::unordered_set<std::string> open_decisions_;
};

}  // namespace portcullis::audit
