// Joins the segments of one stream, given in their order, and judges that each begins where the one
// before ended; then applies what the approver permitted.
//
// Confined to one thread. Memory grows with what stands in a log beside decisions and outcomes:
// segments' ends, notes, anchors, approvals, damage.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/permission.h"
#include "audit/verify_anchor.h"
#include "audit/verify_segment.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

struct StitchOptions {
  std::optional<PublicKey> approver_key;  // nullopt: no approval counts
  const AnchorTrust* anchors = nullptr;
};

// What a stream comes to. `faults` are final and in the order of the log.
struct StitchedStream {
  std::vector<Fault> faults;
  FaultKinds kinds;  // of all faults, listed or not
  std::vector<std::string> notes, not_checked;
  std::vector<GoodAnchor> anchors;
  std::vector<SignedSize> roots;  // of sizes that were wanted, and of the whole
  std::vector<SeqSpan> erased, dropped;
  std::vector<TimeGap> time_gaps;
  OpenDecisions open_decisions;
  std::vector<std::pair<std::uint64_t, std::string>> late;

  std::optional<StreamId> stream;
  std::optional<PublicKey> public_key;
  std::string origin;
  std::optional<StatedGenesis> genesis;
  std::string genesis_path;
  std::uint64_t size = 0;  // of the tree: the seq after the last
  // The largest tree that a signature under the stream's key covers; 0: there is none.
  std::uint64_t signed_size = 0;
  bool is_genesis_signed = false;  // what record 0 says of keys is the signer's word
  std::optional<std::uint64_t> newest_permission;  // seq of the retention record
  std::optional<Frontier> tree;
  bool sealed = false;
  std::string end_path;  // where what is said of the end stands
  Place end;
  Permissions permissions;
  std::uint64_t segments = 0, records = 0, decisions = 0, outcomes = 0;
  std::string first_time, last_time;
  std::vector<std::uint64_t> receipts_seen;
};

class Stitch {
 public:
  explicit Stitch(const StitchOptions& options);
  enum class Position : std::uint8_t { inner, last };
  void add(SegmentReport&& segment, Position position);
  // What stands before this record is not read on purpose, but for the first segment, which says
  // with what to verify the others.
  void pass_over(std::uint64_t next_seq);
  // Once, at the end.
  StitchedStream finish();

 private:
  struct Gap {
    Found found;
    std::optional<Frontier> before, after;
  };
  struct Erased {
    ErasedLine line;
    std::uint64_t segment = 0;
  };
  Fault at_start(const SegmentReport& segment, std::string message) const;
  void fault(const SegmentReport& segment, std::string message);
  void check_identity(const SegmentReport& segment);
  void check_epoch(const SegmentReport& segment, std::uint64_t first);
  void check_sequence(const SegmentReport& segment, std::uint64_t first);
  void check_continuity(const SegmentReport& segment);
  void check_end(const SegmentReport& segment, Position position);
  void forget();
  void take_over(const SegmentReport& segment);
  void count(SegmentReport& segment);
  void count_decisions(SegmentReport& segment);
  void take_kept(const SegmentReport& segment, const KeptRecord& record);
  std::string check_anchor(const KeptRecord& record);
  std::string anchor_problem(const Checkpoint& checkpoint, std::uint64_t seq) const;
  std::string check_retention(const SegmentReport& segment, const KeptRecord& record);
  void settle_gaps();
  void settle_erased();
  void settle_found();
  bool is_permitted(VerifyExit kind, const std::optional<SeqRange>& about) const;
  bool is_lost(std::uint64_t seq) const;

  StitchOptions options_;
  StitchedStream out_;
  Permissions permissions_;
  FoundList found_;
  std::vector<Gap> gaps_;
  std::vector<Erased> erased_;
  std::vector<std::string> paths_;                // of the segments
  std::map<std::uint64_t, Digest> signed_roots_;  // by size
  std::map<std::uint64_t, std::uint64_t> lost_;   // records that were not read: first and last
  std::optional<std::uint64_t> passed_over_to_;

  // What is expected next; nullopt: not known, and believed.
  std::uint64_t next_seq_;
  std::optional<Digest> prev_;
  std::optional<Frontier> tree_;
  std::optional<std::uint64_t> batch_;
  std::optional<std::uint64_t> epoch_;
  std::string last_time_;
};

}  // namespace portcullis::audit
