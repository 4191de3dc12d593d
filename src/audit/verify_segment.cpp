#include "audit/verify_segment.h"

#include <algorithm>
#include <utility>

#include "audit/reader.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t open_decisions_max = 1u << 20;
constexpr std::size_t notes_max = 1000;

class SegmentVerifier {
 public:
  explicit SegmentVerifier(const SegmentTask& task)
      : task_(task), follower_({task.first_seq, task.public_key, task.keys}) {
    report_.path = task.path;
    report_.first_seq = task.first_seq;
    next_receipt_ = std::lower_bound(
        task.receipts.begin(), task.receipts.end(), task.first_seq,
        [](const Receipt& receipt, std::uint64_t seq) { return receipt.seq < seq; });
    next_size_ = std::lower_bound(task.sizes.begin(), task.sizes.end(), task.first_seq);
  }
  SegmentReport run();

 private:
  bool is_last() const { return task_.position == SegmentTask::Position::last; }
  void fault(const Line& line, VerifyExit kind, std::string message,
             std::optional<SeqRange> about = std::nullopt);
  void take(const Line& line);
  void lose(const Line& line, VerifyExit kind, const std::string& message);
  void take_record(const ParsedRecord& record, const Line& line);
  void take_erased(const ErasedRecord& erased, const Line& line);
  void report_problems(const Line& line);
  void count(const ParsedRecord& record, const Line& line);
  void track_time(const RecordHead& head);
  void track_size();
  void check_receipts(const Receipt& actual, const Line& line);
  void end(const Line& line);
  void progress(const SegmentReader& reader);

  const SegmentTask& task_;
  SegmentReport report_;
  Follower follower_;
  Problems problems_;
  std::span<const Receipt>::iterator next_receipt_;
  std::span<const std::uint64_t>::iterator next_size_;
  std::optional<std::uint64_t> seq_;  // of the line in hand
  bool unwritten_ = false;            // NUL bytes were seen before the line in hand
  std::uint64_t bytes_done_ = 0;
};

void SegmentVerifier::fault(const Line& line, VerifyExit kind, std::string message,
                            std::optional<SeqRange> about) {
  report_.found.add(
      {{task_.path, line.number, line.offset, seq_, kind, std::move(message)}, about});
}

void SegmentVerifier::progress(const SegmentReader& reader) {
  const std::uint64_t now = reader.file_bytes_read();
  if (now == bytes_done_ || task_.bytes_done == nullptr) return;
  task_.bytes_done->fetch_add(now - bytes_done_, std::memory_order_relaxed);
  bytes_done_ = now;
}

SegmentReport SegmentVerifier::run() {
  auto reader = SegmentReader::open(task_.path);
  if (!reader) {
    fault({}, VerifyExit::cannot, reader.error().message);
    report_.next_seq = task_.first_seq;
    report_.unreadable = true;
    return std::move(report_);
  }
  for (;;) {
    const auto line = reader->next();
    seq_.reset();
    if (!line) {
      fault({}, VerifyExit::cannot, line.error().message);
      report_.unreadable = true;
      end({});
      break;
    }
    if (line->kind == Line::Kind::end) {
      end(*line);
      break;
    }
    take(*line);
    progress(*reader);
  }
  return std::move(report_);
}

void SegmentVerifier::take(const Line& line) {
  const SeqRange here = {follower_.next_seq(), follower_.next_seq()};
  const bool after_unwritten =
      std::exchange(unwritten_, line.kind == Line::Kind::unwritten) && !unwritten_;
  const VerifyExit tear =
      is_last() && !follower_.sealed() ? VerifyExit::gap : VerifyExit::integrity;
  if (after_unwritten) fault(line, tear, "bytes follow unwritten space", here);
  switch (line.kind) {
    case Line::Kind::record:
      break;
    case Line::Kind::torn:
      return fault(line, tear, "a record without its end", here);
    case Line::Kind::too_long:
      return lose(line, VerifyExit::integrity, "a line longer than any record");
    case Line::Kind::unwritten:
    case Line::Kind::end:
      return;
  }
  if (const auto erased = parse_erased(line.text)) return take_erased(*erased, line);
  const auto record = parse_record(line.text);
  if (record) return take_record(*record, line);
  const bool unsupported = record.error().cause == Cause::unsupported;
  lose(line, unsupported ? VerifyExit::cannot : VerifyExit::integrity, record.error().message);
}

void SegmentVerifier::lose(const Line& line, VerifyExit kind, const std::string& message) {
  const SeqRange here = {follower_.next_seq(), follower_.next_seq()};
  fault(line, kind, message, here);
  report_.lost.push_back(here);
  follower_.lose_line();
}

void SegmentVerifier::report_problems(const Line& line) {
  for (Problem& problem : problems_) {
    if (problem.about.last < *seq_) report_.lost.push_back(problem.about);
    fault(line, problem.kind, std::move(problem.message), problem.about);
  }
  problems_.clear();
}

void SegmentVerifier::take_record(const ParsedRecord& record, const Line& line) {
  const RecordHead& head = record.head;
  seq_ = head.seq;
  if (line.number == 1) report_.start = SegmentStart{head, std::string(head.time)};
  follower_.follow(record, line.text, problems_);
  report_problems(line);
  count(record, line);
  track_size();
  if (next_receipt_ == task_.receipts.end() || next_receipt_->seq > head.seq) return;
  check_receipts({head.stream, head.epoch, head.seq, sha256(record.body), record.mac}, line);
}

void SegmentVerifier::take_erased(const ErasedRecord& erased, const Line& line) {
  seq_ = erased.seq;
  const SeqRange here = {erased.seq, erased.seq};
  follower_.follow(erased, problems_);
  report_problems(line);
  report_.lost.push_back(here);
  report_.erased.push_back({erased.seq, {line.number, line.offset}});
  track_size();
  if (next_receipt_ == task_.receipts.end() || next_receipt_->seq > erased.seq) return;
  check_receipts({follower_.stream().value_or(StreamId{}), follower_.epoch().value_or(0),
                  erased.seq, erased.hash, erased.mac},
                 line);
}

void SegmentVerifier::count(const ParsedRecord& record, const Line& line) {
  const RecordHead& head = record.head;
  ++report_.records;
  track_time(head);
  if (const auto& signed_size = follower_.checkpoint()) {
    report_.signed_sizes.push_back({signed_size->size, signed_size->root});
  }
  const auto remark = [&](const char* what) {
    if (report_.notes.size() >= notes_max) return;
    report_.notes.push_back("record " + std::to_string(head.seq) + what);
  };
  const RecordFacts& facts = follower_.facts();
  switch (head.type) {
    case RecordType::decision:
      ++report_.decisions;
      if (facts.effect != Effect::allow) return;
      report_.open_decisions_full = report_.open_decisions.size() >= open_decisions_max;
      if (!report_.open_decisions_full) {
        report_.open_decisions.emplace(decision_id(facts.id), head.seq);
      }
      return;
    case RecordType::outcome: {
      ++report_.outcomes;
      const DecisionId id = decision_id(facts.id);
      if (report_.open_decisions.erase(id) == 0) report_.outcomes_of_earlier.push_back(id);
      return;
    }
    case RecordType::recovered:
      return remark(": recovered after a crash");
    case RecordType::clock_step:
      return remark(": the clock was set back");
    case RecordType::anchor:
    case RecordType::retention:
      report_.kept.push_back(
          {head.seq, head.type, {line.number, line.offset}, std::string(line.text)});
      return;
    case RecordType::open:
    case RecordType::checkpoint:
    case RecordType::change:
    case RecordType::shed:
    case RecordType::seal:
      return;
  }
}

void SegmentVerifier::track_time(const RecordHead& head) {
  if (report_.first_time.empty()) {
    report_.first_time = head.time;
  } else {
    note_silence(report_.gaps, report_.newest_time, head.time, head.seq);
  }
  report_.newest_time = head.time;
  const bool asked = head.time >= task_.from && (task_.to.empty() || head.time <= task_.to);
  if (!asked) return;
  auto& late = report_.late;
  while (late.size() > 1 && late[late.size() - 2].second <= head.time) late.pop_back();
  if (late.empty() || late.back().second > head.time) late.emplace_back();
  late.back().first = head.seq;
  late.back().second = head.time;
}

void SegmentVerifier::track_size() {
  const std::uint64_t size = follower_.next_seq();
  while (next_size_ != task_.sizes.end() && *next_size_ < size) {
    // Before the first record, by its own word.
    if (*next_size_ == task_.first_seq && size == task_.first_seq + 1 &&
        follower_.root_before_segment()) {
      report_.roots.push_back({*next_size_, *follower_.root_before_segment()});
    }
    ++next_size_;
  }
  if (next_size_ != task_.sizes.end() && *next_size_ == size && follower_.tree()) {
    report_.roots.push_back({size, follower_.tree()->root()});
  }
}

void SegmentVerifier::check_receipts(const Receipt& actual, const Line& line) {
  while (next_receipt_ != task_.receipts.end() && next_receipt_->seq <= actual.seq) {
    const Receipt& receipt = *next_receipt_++;
    if (receipt.seq < actual.seq || receipt.stream != actual.stream) continue;
    report_.receipts_seen.push_back(receipt.seq);
    const bool same =
        receipt.hash == actual.hash && receipt.mac == actual.mac && receipt.epoch == actual.epoch;
    if (same) continue;
    const bool forged = is_forged(receipt, task_.keys);
    fault(line, forged ? VerifyExit::cannot : VerifyExit::integrity,
          forged ? "a receipt was not made with this log's key: " + receipt.text()
                 : "a receipt was given for record " + std::to_string(receipt.seq) +
                       ", but another record than this");
  }
}

void SegmentVerifier::end(const Line& line) {
  const bool sealed = follower_.sealed();
  if (unwritten_ && (sealed || !is_last())) {
    fault(line, is_last() ? VerifyExit::gap : VerifyExit::integrity,
          "unwritten space at the end of a segment that is not being written");
  }
  report_.opening = follower_.opening();
  report_.stream = follower_.stream();
  report_.public_key = follower_.public_key();
  report_.next_seq = follower_.next_seq();
  report_.prev = follower_.prev();
  report_.tree = follower_.tree();
  report_.batch = follower_.batch();
  report_.epoch = follower_.epoch();
  report_.last_time = follower_.last_time();
  report_.sealed = sealed;
  report_.end = {line.number, line.offset};
}

}  // namespace

SegmentReport verify_segment(const SegmentTask& task) { return SegmentVerifier(task).run(); }

bool is_forged(const Receipt& receipt, KeyLadder* keys) {
  if (keys == nullptr) return false;
  const auto key = keys->at(receipt.epoch);
  return !key || RecordMac(receipt.stream, *key)(receipt.seq, receipt.hash) != receipt.mac;
}

}  // namespace portcullis::audit
