#include "audit/follow.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"

namespace portcullis::audit {
namespace {

// What may be erased; the other types hold the log together.
constexpr RecordType erasable[] = {RecordType::decision, RecordType::outcome, RecordType::change,
                                   RecordType::clock_step, RecordType::shed};

// Of a line that holds strict JSON.
nlohmann::json parsed(std::string_view line) { return nlohmann::json::parse(line, nullptr, false); }

std::optional<std::uint64_t> count_in(const nlohmann::json& seal, const char* member,
                                      std::string_view name) {
  const auto counts = seal.find(member);
  if (counts == seal.end() || !counts->is_object()) return std::nullopt;
  const auto found = counts->find(std::string(name));
  if (found == counts->end()) return 0;
  if (!found->is_number_unsigned()) return std::nullopt;
  return found->get<std::uint64_t>();
}

// Adds to the tally what the seal says of `erased` records that cannot be counted any more. false:
// what it says is not explained by that many.
bool add_erased(Tally& tally, const nlohmann::json& seal, std::uint64_t erased) {
  std::uint64_t records = 0;
  std::uint64_t decisions = 0;
  for (const RecordType type : erasable) {
    const auto stated = count_in(seal, "counts", record_type_name(type));
    if (!stated || *stated < tally.count(type)) return false;
    const std::uint64_t more = *stated - tally.count(type);
    tally.add(type, more);
    records += more;
    if (type == RecordType::decision) decisions = more;
  }
  for (const Effect effect : {Effect::allow, Effect::deny}) {
    const auto stated = count_in(seal, "effects", effect_name(effect));
    if (!stated || *stated < tally.count(effect)) return false;
    const std::uint64_t more = *stated - tally.count(effect);
    tally.add(effect, more);
    decisions -= more;
  }
  return records == erased && decisions == 0;
}

}  // namespace

std::string missing_text(const SeqRange& records) {
  const std::string first = std::to_string(records.first);
  return records.first == records.last
             ? "record " + first + " is missing"
             : "records " + first + " to " + std::to_string(records.last) + " are missing";
}

// Collects the problems of one record. An approval that acknowledges them must name the place where
// they stand, not the one that the record claims: else whoever repeats a number could add records.
class Follower::Judge {
 public:
  Judge(Problems& problems, std::uint64_t seq) : problems_(problems), seq_(seq) {}
  void fault(std::string message) const {
    problems_.push_back({VerifyExit::integrity, std::move(message), {seq_, seq_}});
  }
  void missing(const SeqRange& records) const {
    problems_.push_back({VerifyExit::integrity, missing_text(records), records});
  }

 private:
  Problems& problems_;
  std::uint64_t seq_;
};

Follower::Follower(const FollowOptions& options)
    : next_seq_(options.first_seq), public_key_(options.public_key), keys_(options.keys) {}

void Follower::forget() {
  prev_.reset();
  tree_.reset();
  batch_.reset();
  complete_ = false;
}

void Follower::lose_line() {
  forget();
  at_start_ = false;
  ++next_seq_;
}

void Follower::follow(const ParsedRecord& record, std::string_view line, Problems& problems) {
  const Judge judge(problems, std::max(next_seq_, record.head.seq));
  checkpoint_.reset();
  check_place(record, judge);
  check_hashes(record, judge);
  check_members(record, line, judge);
  advance(record);
}

void Follower::check_place(const ParsedRecord& record, const Judge& judge) {
  const RecordHead& head = record.head;
  if (!stream_) stream_ = head.stream;
  if (head.stream != *stream_) judge.fault("wrong stream: " + hex(head.stream));
  if (sealed_) judge.fault("a record follows the seal of its segment");
  const bool starts_segment = std::exchange(at_start_, false);
  if (starts_segment) check_start(head, judge);
  if (!epoch_) enter_epoch(head.epoch, judge);
  check_sequence(head.seq, judge);
  if (prev_ && head.prev != *prev_) {
    judge.fault("prev is not the leaf of the record before: one of the two was replaced");
  }
  if (!starts_segment && head.type == RecordType::open) {
    judge.fault("a record of type open inside a segment");
  }
  if (head.epoch != *epoch_) {
    judge.fault("wrong epoch: " + std::to_string(head.epoch) + " in the segment of epoch " +
                std::to_string(*epoch_));
  }
  check_batch_and_time(head, judge);
}

void Follower::check_start(const RecordHead& head, const Judge& judge) {
  if (head.type != RecordType::open) judge.fault("a segment that does not begin with open");
  if (head.seq != next_seq_) {
    judge.fault("the segment's name says that it begins with record " + std::to_string(next_seq_));
    next_seq_ = head.seq;
  }
  if (head.seq == 0) prev_ = Digest{};
}

void Follower::enter_epoch(std::uint64_t epoch, const Judge& judge) {
  epoch_ = epoch;
  if (keys_ == nullptr) return;
  key_ = keys_->at(epoch);
  if (key_) {
    mac_.emplace(*stream_, *key_);
    return;
  }
  judge.fault("macs of epoch " + std::to_string(epoch) + " cannot be checked with a key of " +
              std::to_string(keys_->first_epoch()));
}

void Follower::check_sequence(std::uint64_t seq, const Judge& judge) {
  if (seq == next_seq_) return;
  if (seq < next_seq_) {
    judge.fault("record " + std::to_string(next_seq_) +
                " is due here: a record was inserted, repeated or moved");
  } else {
    judge.missing({next_seq_, seq - 1});
  }
  forget();
}

void Follower::check_batch_and_time(const RecordHead& head, const Judge& judge) const {
  const bool new_batch = head.batch == head.seq;
  const bool same_batch = batch_ ? head.batch == *batch_ : head.batch < head.seq;
  if (!new_batch && !same_batch) judge.fault("batch is not that of this or the record before");
  if (head.time < last_time_ && head.type != RecordType::clock_step) {
    judge.fault("time goes back without a record of type clock_step");
  }
}

void Follower::check_hashes(const ParsedRecord& record, const Judge& judge) {
  const Digest hash = sha256(record.body);
  if (leaf_hash(hash, record.mac) != record.leaf) {
    return judge.fault("the record was changed: it does not have the leaf that it carries");
  }
  if (mac_ && (*mac_)(record.head.seq, hash) != record.mac) {
    judge.fault("the mac is wrong: not written by a holder of the key of epoch " +
                std::to_string(*epoch_));
  }
}

void Follower::check_members(const ParsedRecord& record, std::string_view line,
                             const Judge& judge) {
  facts_ = RecordFacts{};
  if (const auto problem = json_.check_members(record.members, facts_)) {
    complete_ = false;
    return judge.fault("the record holds " + *problem);
  }
  switch (record.head.type) {
    case RecordType::decision:
      if (!facts_.effect) judge.fault("a decision without an effect");
      return;
    case RecordType::open:
      return check_open(record.head, line, judge);
    case RecordType::checkpoint:
      return check_note(record.head, text_member(parsed(line), "note"), judge);
    case RecordType::seal:
      return check_seal(record, line, judge);
    case RecordType::outcome:
    case RecordType::change:
    case RecordType::recovered:
    case RecordType::clock_step:
    case RecordType::anchor:
    case RecordType::shed:
    case RecordType::retention:
      return;
  }
}

void Follower::check_open(const RecordHead& head, std::string_view line, const Judge& judge) {
  opening_ = read_opening(line);
  for (const std::string& problem : opening_->problems) judge.fault(problem);
  if (!opening_->public_key) {
    judge.fault("an open record without a public key");
  } else if (public_key_ && opening_->public_key != public_key_) {
    judge.fault("the log names another public key than the one it is verified with");
  } else {
    public_key_ = opening_->public_key;
  }
  origin_ = opening_->origin;
  if (!origin_.ends_with('/' + hex(head.stream))) {
    judge.fault("the origin does not name the stream");
  }
  check_frontier(head, judge);
  if (head.seq > 0) check_note(head, opening_->previous, judge);
}

void Follower::check_frontier(const RecordHead& head, const Judge& judge) {
  const auto& roots = opening_->frontier;
  tree_ = roots ? Frontier::restore(head.seq, *roots) : std::nullopt;
  if (!tree_) return judge.fault("an open record without a frontier of its size");
  root_before_segment_ = tree_->root();
}

void Follower::check_note(const RecordHead& head, const std::optional<std::string>& note,
                          const Judge& judge) {
  if (!note) return judge.fault("a signed checkpoint is missing");
  if (!public_key_) return;
  const auto checkpoint = open_checkpoint(*note, *public_key_);
  if (!checkpoint) return judge.fault(checkpoint.error().message);
  const bool other_origin = opening_ && checkpoint->origin != origin_;
  if (other_origin || checkpoint->size != head.seq) {
    return judge.fault("the checkpoint is not one of the records before it");
  }
  checkpoint_ = *checkpoint;
  if (tree_ && tree_->root() != checkpoint->root) {
    judge.fault("the records before are not those that the checkpoint signs");
  }
}

void Follower::check_seal(const ParsedRecord& record, std::string_view line, const Judge& judge) {
  if (!complete_) return;
  Tally tally = tally_;
  const bool explained = erased_ == 0 || add_erased(tally, parsed(line), erased_);
  if (!explained || record.members != tally.members()) {
    judge.fault("the seal does not say what stands in its segment");
  }
}

void Follower::advance(const ParsedRecord& record) {
  const RecordHead& head = record.head;
  tally_.count(head.type, head.type == RecordType::decision ? facts_.effect : std::nullopt,
               head.time);
  next_seq_ = head.seq + 1;
  prev_ = record.leaf;
  batch_ = head.batch;
  last_time_ = head.time;
  if (tree_) tree_->append(record.leaf);
  if (head.type == RecordType::seal) sealed_ = true;
}

void Follower::follow(const ErasedRecord& record, Problems& problems) {
  const Judge judge(problems, std::max(next_seq_, record.seq));
  checkpoint_.reset();
  facts_ = RecordFacts{};
  if (sealed_) judge.fault("a line follows the seal of its segment");
  if (std::exchange(at_start_, false)) judge.fault("a segment that does not begin with open");
  check_sequence(record.seq, judge);
  if (mac_ && (*mac_)(record.seq, record.hash) != record.mac) {
    judge.fault("the mac of the erased line is wrong");
  }
  ++erased_;
  next_seq_ = record.seq + 1;
  prev_ = record.leaf;
  batch_.reset();
  last_time_.clear();
  if (tree_) tree_->append(record.leaf);
}

}  // namespace portcullis::audit
