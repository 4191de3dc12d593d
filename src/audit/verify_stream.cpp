#include "audit/verify_stream.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "audit/recover.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t faults_max = 1000;
constexpr std::size_t notes_max = 1000;
constexpr std::size_t open_decisions_max = 1u << 20;

void remark(std::vector<std::string>& list, std::string text) {
  if (list.size() < notes_max) list.push_back(std::move(text));
}

}  // namespace

void FaultList::add(Fault fault) {
  kinds_.insert(fault.kind);
  ++report_.fault_count;
  if (report_.faults.size() < faults_max) report_.faults.push_back(std::move(fault));
}

void StreamVerifier::fault(const Line& line, VerifyExit kind, std::string message) {
  faults_.add({file_, line.number, line.offset, seq_, kind, std::move(message)});
}

void StreamVerifier::run(const std::string& directory, Receipts& receipts) {
  stream_.directory = directory;
  file_ = directory;
  const auto segments = list_segments(directory);
  if (!segments || segments->empty()) {
    const std::string why = segments ? "no segment was found here" : segments.error().message;
    return fault({}, VerifyExit::cannot, why);
  }
  prepare(*segments);
  for (const SegmentName& segment : *segments) {
    read_segment(segment, &segment == &segments->back(), receipts);
  }
  report_.streams.push_back(std::move(stream_));
}

void StreamVerifier::prepare(const std::vector<SegmentName>& segments) {
  if (keys_.first_key) first_key_.emplace(0, *keys_.first_key);
  if (keys_.escrow) find_first_key(segments.front());
  FollowOptions options;
  options.public_key = keys_.public_key;
  options.key = first_key_;
  follower_.emplace(options);
}

void StreamVerifier::find_first_key(const SegmentName& first) {
  file_ = stream_.directory + '/' + first.name;
  auto reader = SegmentReader::open(file_);
  const auto line = reader ? reader->next() : tl::unexpected(reader.error());
  if (!line) return fault({}, VerifyExit::cannot, line.error().message);
  const auto json = nlohmann::json::parse(line->text, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/genesis/wrapped_key");
  if (!json.is_object() || !json.contains(pointer) || !json[pointer].is_string()) {
    return fault(*line, VerifyExit::cannot, "no wrapped key here: macs cannot be checked");
  }
  const auto wrapped = from_base64(json[pointer].get_ref<const std::string&>());
  if (!wrapped) return fault(*line, VerifyExit::cannot, "the wrapped key is not base64");
  const auto key = keys_.escrow->unwrap(*wrapped);
  if (!key) return fault(*line, VerifyExit::cannot, key.error().message);
  first_key_.emplace(0, *key);
}

void StreamVerifier::read_segment(const SegmentName& segment, bool last, Receipts& receipts) {
  file_ = stream_.directory + '/' + segment.name;
  seq_.reset();
  ++stream_.segments;
  auto reader = SegmentReader::open(file_);
  if (!reader) return fault({}, VerifyExit::cannot, reader.error().message);
  follower_->begin_segment(segment.first_seq);
  unwritten_ = false;
  for (;;) {
    const auto line = reader->next();
    if (!line) return fault({}, VerifyExit::cannot, line.error().message);
    seq_.reset();
    if (line->kind == Line::Kind::end) {
      end_segment(last, *line);
      if (last) finish(*line, receipts);
      return;
    }
    take_line(*line, last, receipts);
  }
}

void StreamVerifier::take_line(const Line& line, bool last, Receipts& receipts) {
  const bool after_unwritten =
      std::exchange(unwritten_, line.kind == Line::Kind::unwritten) && !unwritten_;
  const VerifyExit tear = last && !follower_->sealed() ? VerifyExit::gap : VerifyExit::integrity;
  if (after_unwritten) fault(line, tear, "bytes follow unwritten space");
  switch (line.kind) {
    case Line::Kind::record:
      break;
    case Line::Kind::torn:
      return fault(line, tear, "a record without its end");
    case Line::Kind::too_long:
      follower_->lose_line();
      return fault(line, VerifyExit::integrity, "a line longer than any record");
    case Line::Kind::unwritten:
    case Line::Kind::end:
      return;
  }
  const auto record = parse_record(line.text);
  if (record) return take_record(*record, line, receipts);
  follower_->lose_line();
  const bool unsupported = record.error().cause == Cause::unsupported;
  fault(line, unsupported ? VerifyExit::cannot : VerifyExit::integrity, record.error().message);
}

void StreamVerifier::take_record(const ParsedRecord& record, const Line& line, Receipts& receipts) {
  seq_ = record.head.seq;
  Problems problems;
  follower_->follow(record, line.text, problems);
  if (!checkpoint_loaded_) load_checkpoint();
  for (Problem& problem : problems) fault(line, problem.kind, std::move(problem.message));
  count(record);
  check_checkpoint();
  check_receipts(record, line, receipts);
}

void StreamVerifier::count(const ParsedRecord& record) {
  ++stream_.records;
  ++report_.records;
  if (stream_.first_time.empty()) stream_.first_time = record.head.time;
  stream_.last_time = record.head.time;
  const std::string place = "record " + std::to_string(record.head.seq) + ": ";
  switch (record.head.type) {
    case RecordType::decision:
      ++report_.decisions;
      return track_decision();
    case RecordType::outcome:
      ++report_.outcomes;
      open_decisions_.erase(std::string(follower_->facts().id));
      return;
    case RecordType::recovered:
      return remark(report_.notes, place + "recovered after a crash");
    case RecordType::clock_step:
      return remark(report_.notes, place + "the clock was set back");
    case RecordType::open:
    case RecordType::checkpoint:
    case RecordType::change:
    case RecordType::anchor:
    case RecordType::shed:
    case RecordType::retention:
    case RecordType::seal:
      return;
  }
}

void StreamVerifier::track_decision() {
  const RecordFacts& facts = follower_->facts();
  if (facts.effect != Effect::allow) return;
  if (open_decisions_.size() < open_decisions_max) open_decisions_.emplace(facts.id);
}

// Once the public key is known.
void StreamVerifier::load_checkpoint() {
  checkpoint_loaded_ = true;
  const std::string path = stream_.directory + '/' + checkpoint_file_name;
  const auto note = read_small_file(path);
  if (!note && note.error().cause == Cause::not_found) {
    return remark(report_.not_checked, "length: there is no " + path);
  }
  const Fault place{path, 0, 0, std::nullopt, VerifyExit::cannot, {}};
  if (!note || !follower_->public_key()) {
    Fault unreadable = place;
    unreadable.message = note ? "no public key to check it with" : note.error().message;
    return faults_.add(std::move(unreadable));
  }
  const auto checkpoint = open_checkpoint(*note, *follower_->public_key());
  if (checkpoint) {
    checkpoint_ = *checkpoint;
    return;
  }
  Fault bad = place;
  bad.kind = VerifyExit::integrity;
  bad.message = checkpoint.error().message;
  faults_.add(std::move(bad));
}

void StreamVerifier::check_checkpoint() {
  if (!checkpoint_ || follower_->next_seq() != checkpoint_->size || !follower_->tree()) return;
  if (follower_->tree()->root() == checkpoint_->root &&
      follower_->origin() == checkpoint_->origin) {
    return;
  }
  faults_.add({stream_.directory + '/' + checkpoint_file_name, 0, 0, seq_, VerifyExit::integrity,
               "the checkpoint signs other records than these"});
}

// Only a holder of K_0 can tell; without it every receipt is believed.
bool StreamVerifier::is_forged(const Receipt& receipt) const {
  if (!first_key_ || receipt.epoch > epoch_steps_max) return first_key_.has_value();
  EpochKey key = *first_key_;
  while (key.epoch < receipt.epoch) key = next_epoch(key);
  return RecordMac(receipt.stream, key)(receipt.seq, receipt.hash) != receipt.mac;
}

void StreamVerifier::fault_receipt(const Line& line, const Receipt& receipt,
                                   const std::string& why) {
  if (is_forged(receipt)) {
    return fault(line, VerifyExit::cannot,
                 "a receipt was not made with this log's key: " + receipt.text());
  }
  fault(line, VerifyExit::integrity,
        "a receipt was given for record " + std::to_string(receipt.seq) + why);
}

void StreamVerifier::check_receipts(const ParsedRecord& record, const Line& line,
                                    Receipts& receipts) {
  const auto [begin, end] = receipts.equal_range({record.head.stream, record.head.seq});
  if (begin == end) return;
  const Digest hash = sha256(record.body);
  for (auto wanted = begin; wanted != end; ++wanted) {
    const Receipt& receipt = wanted->second;
    const bool same =
        receipt.hash == hash && receipt.mac == record.mac && receipt.epoch == record.head.epoch;
    if (!same) fault_receipt(line, receipt, ", but another record than this");
  }
  receipts.erase(begin, end);
}

void StreamVerifier::end_segment(bool last, const Line& end) {
  const bool sealed = follower_->sealed();
  if (unwritten_ && (sealed || !last)) {
    fault(end, last ? VerifyExit::gap : VerifyExit::integrity,
          "unwritten space at the end of a segment that is not being written");
  }
  if (!sealed && !last) fault(end, VerifyExit::gap, "the segment has no seal: its end is missing");
}

void StreamVerifier::finish(const Line& end, Receipts& receipts) {
  const std::uint64_t size = follower_->next_seq();
  if (stream_.records == 0) fault(end, VerifyExit::cannot, "no record was found here");
  if (checkpoint_ && checkpoint_->size > size) {
    fault(end, VerifyExit::integrity,
          "the log ends after " + std::to_string(size) + " records, its checkpoint signs " +
              std::to_string(checkpoint_->size));
  }
  stream_.sealed = follower_->sealed();
  stream_.origin = follower_->origin();
  if (follower_->stream()) stream_.stream = hex(*follower_->stream());
  if (follower_->public_key()) stream_.public_key = hex(*follower_->public_key());
  if (follower_->tree()) stream_.root = hex(follower_->tree()->root());
  report_.open_decisions += open_decisions_.size();
  if (open_decisions_.size() == open_decisions_max) {
    remark(report_.not_checked, "decisions without outcome: more than " +
                                    std::to_string(open_decisions_max) + ", not all counted");
  }
  if (!follower_->stream()) return;
  // What is left for this stream was not seen.
  auto left = receipts.lower_bound({*follower_->stream(), 0});
  while (left != receipts.end() && left->first.first == *follower_->stream()) {
    const bool beyond = left->second.seq >= size;
    fault_receipt(end, left->second,
                  beyond ? ", which is beyond the end of the log" : ", which is not here");
    left = receipts.erase(left);
  }
}

}  // namespace portcullis::audit
