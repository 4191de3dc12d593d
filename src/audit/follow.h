// Follows the records of one segment in order and says what is wrong with each: form, chain,
// hashes, macs, tree, signatures, seal. Recovery and verification judge by this one class.
//
// What stands before the segment is believed as its `open` says it; that segments fit together is
// Stitch's to judge (audit/stitch.h). After a problem it goes on from what the record itself says,
// so that one change is reported once. Confined to one thread. Memory does not grow with the number
// of records.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/approval.h"
#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/erased.h"
#include "audit/key_ladder.h"
#include "audit/opening.h"
#include "audit/strict_json.h"
#include "audit/tally.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

struct Problem {
  VerifyExit kind = VerifyExit::integrity;
  std::string message;
  SeqRange about;  // the records that are damaged or missing
};
using Problems = std::vector<Problem>;
std::string missing_text(const SeqRange& records);

struct FollowOptions {
  std::uint64_t first_seq = 0;          // by the segment's name
  std::optional<PublicKey> public_key;  // else the `open` is believed
  KeyLadder* keys = nullptr;            // none: macs are not checked. Must outlive the Follower
};

class Follower {
 public:
  explicit Follower(const FollowOptions& options);

  void follow(const ParsedRecord& record, std::string_view line, Problems& problems);
  void follow(const ErasedRecord& record, Problems& problems);
  // A line stood here that could not be read.
  void lose_line();

  std::uint64_t next_seq() const { return next_seq_; }
  const std::optional<StreamId>& stream() const { return stream_; }
  const std::optional<PublicKey>& public_key() const { return public_key_; }
  const std::string& origin() const { return origin_; }
  const std::optional<Frontier>& tree() const { return tree_; }  // nullopt after a loss
  // Of the records before the segment, by its `open`.
  const std::optional<Digest>& root_before_segment() const { return root_before_segment_; }
  const std::optional<Opening>& opening() const { return opening_; }
  const std::optional<Digest>& prev() const { return prev_; }
  const std::optional<std::uint64_t>& batch() const { return batch_; }
  const std::optional<EpochKey>& key() const { return key_; }
  const std::optional<std::uint64_t>& epoch() const { return epoch_; }
  const std::string& last_time() const { return last_time_; }
  const Tally& tally() const { return tally_; }
  const RecordFacts& facts() const { return facts_; }  // of the record followed last
  // The checkpoint that the record followed last carries, if it is signed and about this log.
  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
  bool sealed() const { return sealed_; }

 private:
  class Judge;
  void check_place(const ParsedRecord& record, const Judge& judge);
  void check_start(const RecordHead& head, const Judge& judge);
  void enter_epoch(std::uint64_t epoch, const Judge& judge);
  void check_sequence(std::uint64_t seq, const Judge& judge);
  void check_batch_and_time(const RecordHead& head, const Judge& judge) const;
  void check_hashes(const ParsedRecord& record, const Judge& judge);
  void check_members(const ParsedRecord& record, std::string_view line, const Judge& judge);
  void check_open(const RecordHead& head, std::string_view line, const Judge& judge);
  void check_frontier(const RecordHead& head, const Judge& judge);
  void check_note(const RecordHead& head, const std::optional<std::string>& note,
                  const Judge& judge);
  void check_seal(const ParsedRecord& record, std::string_view line, const Judge& judge);
  void advance(const ParsedRecord& record);
  void forget();

  // What is expected next; nullopt: not known, and believed.
  std::uint64_t next_seq_;
  std::optional<Digest> prev_;
  std::optional<Frontier> tree_;
  std::optional<std::uint64_t> batch_;
  std::optional<std::uint64_t> epoch_;
  std::string last_time_;

  std::optional<StreamId> stream_;
  std::optional<PublicKey> public_key_;
  std::string origin_;
  KeyLadder* keys_;
  std::optional<EpochKey> key_;  // of the segment
  std::optional<RecordMac> mac_;

  bool at_start_ = true;
  bool complete_ = true;  // no record of the segment was lost: its tally can be judged
  bool sealed_ = false;
  std::uint64_t erased_ = 0;
  std::optional<Opening> opening_;
  std::optional<Digest> root_before_segment_;
  Tally tally_;
  JsonChecker json_;
  RecordFacts facts_;
  std::optional<Checkpoint> checkpoint_;
};

}  // namespace portcullis::audit
