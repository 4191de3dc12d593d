// Follows one stream's records in order and says what is wrong with each: chain, hashes, macs,
// tree, signatures, seals. Recovery and verification judge by this one class.
//
// After a problem it goes on from what the record itself says, so that one change is reported once.
// Confined to one thread. Memory does not grow with the number of records.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/strict_json.h"
#include "audit/tally.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

// Keys are not evolved further: no log has that many segments (480 years of one an hour).
inline constexpr std::uint64_t epoch_steps_max = std::uint64_t{1} << 22;

struct Problem {
  VerifyExit kind = VerifyExit::integrity;
  std::string message;
};
using Problems = std::vector<Problem>;

struct FollowOptions {
  std::optional<PublicKey> public_key;  // else the first `open` is believed
  std::optional<EpochKey> key;          // of an epoch not after the first segment's; else no macs
  enum class From : std::uint8_t { genesis, anywhere } from = From::genesis;
};

class Follower {
 public:
  explicit Follower(const FollowOptions& options);

  void begin_segment(std::uint64_t first_seq);
  void follow(const ParsedRecord& record, std::string_view line, Problems& problems);
  // A line stood here that could not be read.
  void lose_line();

  std::uint64_t next_seq() const { return next_seq_; }
  const std::optional<StreamId>& stream() const { return stream_; }
  const std::optional<PublicKey>& public_key() const { return public_key_; }
  const std::string& origin() const { return origin_; }
  const std::optional<Frontier>& tree() const { return tree_; }  // nullopt after a loss
  // Of the records before the current segment, by its `open`.
  const std::optional<Digest>& root_before_segment() const { return root_before_segment_; }
  const std::optional<Digest>& prev() const { return prev_; }
  const std::optional<EpochKey>& key() const { return key_; }  // of the current segment
  std::uint64_t epoch() const { return epoch_; }
  const std::string& last_time() const { return last_time_; }
  const Tally& tally() const { return tally_; }
  const RecordFacts& facts() const { return facts_; }  // of the record followed last
  bool sealed() const { return sealed_; }

 private:
  void check_place(const ParsedRecord& record, Problems& problems);
  void check_segment_start(const ParsedRecord& record, Problems& problems);
  void check_sequence(const RecordHead& head, bool starts_segment, Problems& problems);
  void check_batch_and_time(const RecordHead& head, Problems& problems);
  void check_hashes(const ParsedRecord& record, Problems& problems);
  void check_members(const ParsedRecord& record, std::string_view line, Problems& problems);
  void check_open(const RecordHead& head, const nlohmann::json& record, Problems& problems);
  void check_frontier(const RecordHead& head, const nlohmann::json& record, Problems& problems);
  void check_note(const RecordHead& head, const nlohmann::json& note, Problems& problems);
  void enter_epoch(std::uint64_t epoch, Problems& problems);
  void advance(const ParsedRecord& record);
  void forget();

  // What is expected next; nullopt: not known, and believed.
  bool placed_;  // next_seq_ and epoch_ are known
  std::uint64_t next_seq_ = 0;
  std::optional<Digest> prev_;
  std::optional<Frontier> tree_;
  std::optional<std::uint64_t> batch_;
  std::uint64_t epoch_ = 0;
  std::string last_time_;

  std::optional<StreamId> stream_;
  std::optional<PublicKey> public_key_;
  std::string origin_;
  std::optional<EpochKey> key_;
  std::optional<RecordMac> mac_;

  // Of the current segment.
  std::uint64_t first_seq_ = 0;
  bool at_start_ = true;
  bool first_segment_ = true;
  bool epoch_entered_ = false;
  bool complete_ = true;  // no record of it was lost: its tally can be judged
  bool sealed_ = false;
  std::optional<Digest> root_before_segment_;
  Tally tally_;
  RecordFacts facts_;
};

}  // namespace portcullis::audit
