#include "audit/follow.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace portcullis::audit {
namespace {

void add(Problems& problems, std::string message, VerifyExit kind = VerifyExit::integrity) {
  problems.push_back({kind, std::move(message)});
}

std::string text_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Digest> digest_of(const nlohmann::json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto bytes = from_hex(value.get_ref<const std::string&>());
  if (!bytes || bytes->size() != sizeof(Digest)) return std::nullopt;
  Digest out;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

std::optional<std::vector<Digest>> digests_of(const nlohmann::json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<Digest> out;
  for (const nlohmann::json& item : value) {
    const auto digest = digest_of(item);
    if (!digest) return std::nullopt;
    out.push_back(*digest);
  }
  return out;
}

std::string range(std::uint64_t first, std::uint64_t end) {
  const std::string from = std::to_string(first);
  return end - first == 1 ? "record " + from + " is"
                          : "records " + from + " to " + std::to_string(end - 1) + " are";
}

}  // namespace

Follower::Follower(const FollowOptions& options)
    : placed_(options.from == FollowOptions::From::genesis),
      public_key_(options.public_key),
      key_(options.key) {
  if (!placed_) return;
  prev_ = Digest{};
  tree_ = Frontier{};
}

void Follower::begin_segment(std::uint64_t first_seq) {
  first_seq_ = first_seq;
  at_start_ = true;
  epoch_entered_ = false;
  complete_ = true;
  sealed_ = false;
  root_before_segment_.reset();
  tally_ = Tally{};
}

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
  check_place(record, problems);
  check_hashes(record, problems);
  check_members(record, line, problems);
  advance(record);
}

void Follower::check_place(const ParsedRecord& record, Problems& problems) {
  const RecordHead& head = record.head;
  if (!stream_) stream_ = head.stream;
  if (head.stream != *stream_) add(problems, "wrong stream: " + hex(head.stream));
  if (sealed_) add(problems, "a record follows the seal of its segment");
  const bool starts_segment = at_start_;
  if (starts_segment) check_segment_start(record, problems);
  if (!epoch_entered_) enter_epoch(head.epoch, problems);
  check_sequence(head, starts_segment, problems);
  if (!starts_segment && head.type == RecordType::open) {
    add(problems, "a record of type open inside a segment");
  }
  if (!starts_segment && head.epoch != epoch_) {
    add(problems, "wrong epoch: " + std::to_string(head.epoch) + " in the segment of epoch " +
                      std::to_string(epoch_));
  }
  check_batch_and_time(head, problems);
}

void Follower::check_segment_start(const ParsedRecord& record, Problems& problems) {
  const RecordHead& head = record.head;
  if (head.type != RecordType::open) add(problems, "a segment that does not begin with open");
  if (head.seq != first_seq_) {
    add(problems,
        "the segment's name says that it begins with record " + std::to_string(first_seq_));
  }
  const std::uint64_t expected = first_segment_ ? 0 : epoch_ + 1;
  const bool gap = !placed_ || head.seq > next_seq_;
  if (gap ? head.epoch < expected : head.epoch != expected) {
    add(problems, "wrong epoch: " + std::to_string(head.epoch) + " where " +
                      std::to_string(expected) + " is due");
  }
  first_segment_ = false;
  at_start_ = false;
}

void Follower::enter_epoch(std::uint64_t epoch, Problems& problems) {
  epoch_ = epoch;
  epoch_entered_ = true;
  mac_.reset();
  if (!key_) return;
  if (epoch < key_->epoch || epoch - key_->epoch > epoch_steps_max) {
    add(problems, "macs of epoch " + std::to_string(epoch) + " cannot be checked with a key of " +
                      std::to_string(key_->epoch));
    return;
  }
  while (key_->epoch < epoch) key_ = next_epoch(*key_);
  mac_.emplace(*stream_, *key_);
}

void Follower::check_sequence(const RecordHead& head, bool starts_segment, Problems& problems) {
  if (placed_ && head.seq != next_seq_) {
    if (head.seq < next_seq_) {
      add(problems, "record " + std::to_string(next_seq_) +
                        " is due here: a record was inserted, " + "repeated or moved");
    } else {
      add(problems, range(next_seq_, head.seq) + " missing",
          starts_segment ? VerifyExit::gap : VerifyExit::integrity);
    }
    forget();
    complete_ = starts_segment;
  }
  if (prev_ && head.prev != *prev_) {
    add(problems, "prev is not the leaf of the record before: one of the two was replaced");
  }
}

void Follower::check_batch_and_time(const RecordHead& head, Problems& problems) {
  const bool new_batch = head.batch == head.seq;
  const bool same_batch = batch_ ? head.batch == *batch_ : head.batch < head.seq;
  if (!new_batch && !same_batch) add(problems, "batch is not that of this or the record before");
  if (head.time < last_time_ && head.type != RecordType::clock_step) {
    add(problems, "time goes back without a record of type clock_step");
  }
}

void Follower::check_hashes(const ParsedRecord& record, Problems& problems) {
  const Digest hash = sha256(record.body);
  if (leaf_hash(hash, record.mac) != record.leaf) {
    add(problems, "the record was changed: it does not have the leaf that it carries");
    return;
  }
  if (mac_ && (*mac_)(record.head.seq, hash) != record.mac) {
    add(problems,
        "the mac is wrong: not written by a holder of the key of epoch " + std::to_string(epoch_));
  }
}

void Follower::check_members(const ParsedRecord& record, std::string_view line,
                             Problems& problems) {
  facts_ = RecordFacts{};
  if (const auto problem = check_strict_json(line, facts_)) {
    add(problems, "the record holds " + *problem);
    return;
  }
  const RecordHead& head = record.head;
  if (head.type == RecordType::decision && !facts_.effect) {
    add(problems, "a decision without an effect");
  }
  if (head.type == RecordType::seal && complete_ && record.members != tally_.members()) {
    add(problems, "the seal does not say what stands in its segment");
  }
  if (head.type != RecordType::open && head.type != RecordType::checkpoint) return;
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (head.type == RecordType::open) return check_open(head, json, problems);
  const auto note = json.find("note");
  check_note(head, note == json.end() ? nlohmann::json() : *note, problems);
}

void Follower::check_open(const RecordHead& head, const nlohmann::json& record,
                          Problems& problems) {
  const auto key = record.contains("public_key") ? digest_of(record["public_key"]) : std::nullopt;
  if (!key) {
    add(problems, "an open record without a public key");
  } else if (public_key_ && *key != *public_key_) {
    add(problems, "the log names another public key than the one it is verified with");
  } else {
    public_key_ = *key;
  }
  const std::string origin = text_member(record, "origin");
  if (!origin_.empty() && origin != origin_) add(problems, "the origin changes within the stream");
  if (!origin.ends_with('/' + hex(head.stream))) {
    add(problems, "the origin does not name the stream");
  }
  origin_ = origin;
  check_frontier(head, record, problems);
  if (head.seq == 0) return;
  const auto note = record.find("previous");
  check_note(head, note == record.end() ? nlohmann::json() : *note, problems);
}

void Follower::check_frontier(const RecordHead& head, const nlohmann::json& record,
                              Problems& problems) {
  const auto roots = record.contains("frontier") ? digests_of(record["frontier"]) : std::nullopt;
  auto stored = roots ? Frontier::restore(head.seq, *roots) : std::nullopt;
  if (!stored) {
    add(problems, "an open record without a frontier of its size");
    return;
  }
  if (tree_ && *tree_ != *stored) {
    add(problems, "the frontier is not that of the records before");
  }
  root_before_segment_ = stored->root();
  tree_ = std::move(stored);
}

void Follower::check_note(const RecordHead& head, const nlohmann::json& note, Problems& problems) {
  if (!note.is_string()) return add(problems, "a signed checkpoint is missing");
  if (!public_key_) return;
  const auto checkpoint = open_checkpoint(note.get_ref<const std::string&>(), *public_key_);
  if (!checkpoint) return add(problems, checkpoint.error().message);
  if (checkpoint->origin != origin_ || checkpoint->size != head.seq) {
    return add(problems, "the checkpoint is not one of the records before it");
  }
  if (tree_ && tree_->root() != checkpoint->root) {
    add(problems, "the records before are not those that the checkpoint signs");
  }
}

void Follower::advance(const ParsedRecord& record) {
  const RecordHead& head = record.head;
  tally_.count(head.type, head.type == RecordType::decision ? facts_.effect : std::nullopt,
               head.time);
  placed_ = true;
  next_seq_ = head.seq + 1;
  prev_ = record.leaf;
  batch_ = head.batch;
  last_time_ = head.time;
  if (tree_) tree_->append(record.leaf);
  if (head.type == RecordType::seal) sealed_ = true;
}

}  // namespace portcullis::audit
