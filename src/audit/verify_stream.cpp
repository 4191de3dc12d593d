#include "audit/verify_stream.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "audit/note.h"
#include "audit/ordered_work.h"
#include "audit/reader.h"
#include "audit/recover.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::chrono::milliseconds progress_interval{100};
// A line that a daemon is writing now is whole after this.
constexpr std::chrono::milliseconds reread_after{20};
constexpr int rereads_max = 40;
constexpr ::time_t being_written_seconds = 2;

class StreamVerifier {
 public:
  StreamVerifier(const StreamTask& task, const VerifyTrust& trust) : task_(task), trust_(trust) {
    out_.report.directory = task.directory;
  }
  VerifiedStream run();

 private:
  void fault(const std::string& file, VerifyExit kind, std::string message,
             std::optional<std::uint64_t> seq = std::nullopt);
  void fault_at_end(VerifyExit kind, std::string message);
  void find_keys();
  void load_checkpoint();
  void skip_to_from();
  void choose_receipts();
  void choose_sizes();
  void read_segments();
  SegmentTask segment_task(std::size_t index) const;
  SegmentReport read_segment(std::size_t index) const;
  std::uint64_t file_bytes() const;
  void check_checkpoint();
  void note_signed(std::uint64_t size);
  void check_outside_anchors();
  void check_outside_anchor(const OutsideAnchor& anchor);
  void count_outside_anchor(const AnchorClaim& claim, const std::string& path);
  void check_receipts_left();
  void unchecked(std::string what) { out_.stitched.not_checked.push_back(std::move(what)); }

  const StreamTask& task_;
  const VerifyTrust& trust_;
  VerifiedStream out_;
  std::vector<SegmentName> segments_;
  std::optional<std::uint64_t> begins_at_;
  std::unique_ptr<KeyLadder> keys_;
  std::optional<Checkpoint> checkpoint_;
  std::span<const Receipt> receipts_;
  std::vector<std::uint64_t> sizes_;
  mutable std::atomic<std::uint64_t> bytes_done_{0};
};

void StreamVerifier::fault(const std::string& file, VerifyExit kind, std::string message,
                           std::optional<std::uint64_t> seq) {
  out_.kinds.add(kind);
  out_.faults.push_back({file, 0, 0, seq, kind, std::move(message)});
}

void StreamVerifier::fault_at_end(VerifyExit kind, std::string message) {
  const StitchedStream& stitched = out_.stitched;
  out_.kinds.add(kind);
  out_.faults.push_back({stitched.end_path, stitched.end.line, stitched.end.offset, std::nullopt,
                         kind, std::move(message)});
}

VerifiedStream StreamVerifier::run() {
  // Before the segments: what it signs is durable, so the segments will have it.
  load_checkpoint();
  auto segments = list_segments(task_.directory);
  if (!segments || segments->empty()) {
    fault(task_.directory, VerifyExit::cannot,
          segments ? "no segment was found here" : segments.error().message);
    return std::move(out_);
  }
  segments_ = *std::move(segments);
  find_keys();
  skip_to_from();
  choose_receipts();
  choose_sizes();
  read_segments();
  check_checkpoint();
  check_outside_anchors();
  check_receipts_left();
  out_.macs_checked = keys_ != nullptr;
  return std::move(out_);
}

void StreamVerifier::find_keys() {
  if (trust_.first_key) keys_ = std::make_unique<KeyLadder>(EpochKey(0, *trust_.first_key));
  if (!trust_.escrow) return;
  const std::string path = task_.directory + '/' + segments_.front().name;
  const auto& opening = task_.peek.opening;
  if (!opening || !opening->genesis || !opening->genesis->wrapped_key) {
    return fault(path, VerifyExit::cannot, "no wrapped key here: macs cannot be checked", 0);
  }
  const auto key = trust_.escrow->unwrap(*opening->genesis->wrapped_key);
  if (!key) return fault(path, VerifyExit::cannot, key.error().message, 0);
  keys_ = std::make_unique<KeyLadder>(EpochKey(0, *key));
}

void StreamVerifier::load_checkpoint() {
  const std::string path = task_.directory + '/' + checkpoint_file_name;
  const auto note = read_small_file(path);
  if (!note && note.error().cause == Cause::not_found) {
    return unchecked("length: there is no " + path);
  }
  if (!note) return fault(path, VerifyExit::cannot, note.error().message);
  if (!task_.public_key) {
    return fault(path, VerifyExit::cannot, "no public key to check it with");
  }
  const auto checkpoint = open_checkpoint(*note, *task_.public_key);
  if (!checkpoint) return fault(path, VerifyExit::integrity, checkpoint.error().message);
  checkpoint_ = *checkpoint;
}

// The time of a segment's first record; empty if it cannot be read.
std::string opening_time(const std::string& path) {
  auto reader = SegmentReader::open(path);
  if (!reader) return {};
  const auto line = reader->next();
  if (!line || line->kind != Line::Kind::record) return {};
  const auto record = parse_record(line->text);
  return record ? std::string(record->head.time) : std::string();
}

void StreamVerifier::skip_to_from() {
  if (trust_.from.empty()) return;
  std::size_t first = 0;
  while (first + 1 < segments_.size()) {
    const std::string time = opening_time(task_.directory + '/' + segments_[first + 1].name);
    if (time.empty() || time >= trust_.from) break;
    ++first;
  }
  // The first segment is read in any case: it names the keys, and only its own signed checkpoint
  // makes that more than anybody's word. Where that was dropped, all that is left is read.
  const bool is_signed = first >= 2 && !read_segment(0).signed_sizes.empty();
  bytes_done_ = 0;
  if (!is_signed) return;
  begins_at_ = segments_[first].first_seq;
  unchecked("records " + std::to_string(segments_[1].first_seq) + " to " +
            std::to_string(*begins_at_ - 1) + " of " + task_.directory +
            ": earlier than what was asked for");
  segments_.erase(segments_.begin() + 1, segments_.begin() + static_cast<std::ptrdiff_t>(first));
}

void StreamVerifier::choose_receipts() {
  if (!task_.peek.stream) return;
  const auto& all = trust_.receipts;
  const auto is_before = [](const Receipt& a, const StreamId& b) { return a.stream < b; };
  const auto is_after = [](const StreamId& a, const Receipt& b) { return a < b.stream; };
  const auto begin = std::lower_bound(all.begin(), all.end(), *task_.peek.stream, is_before);
  const auto end = std::upper_bound(begin, all.end(), *task_.peek.stream, is_after);
  receipts_ = {begin, end};
  for (auto at = begin; at != end; ++at) {
    out_.receipts_used.push_back(static_cast<std::size_t>(at - all.begin()));
  }
}

void StreamVerifier::choose_sizes() {
  sizes_ = task_.sizes;
  if (checkpoint_) sizes_.push_back(checkpoint_->size);
  for (const OutsideAnchor& anchor : trust_.outside) sizes_.push_back(anchor.size);
  std::sort(sizes_.begin(), sizes_.end());
  sizes_.erase(std::unique(sizes_.begin(), sizes_.end()), sizes_.end());
}

SegmentTask StreamVerifier::segment_task(std::size_t index) const {
  SegmentTask task;
  task.path = task_.directory + '/' + segments_[index].name;
  task.first_seq = segments_[index].first_seq;
  if (::access(task.path.c_str(), F_OK) != 0) {
    // It was compressed since the directory was read.
    const std::string other = task_.directory + '/' + compressed_segment_name(task.first_seq);
    if (::access(other.c_str(), F_OK) == 0) task.path = other;
  }
  if (index + 1 == segments_.size()) task.position = SegmentTask::Position::last;
  task.public_key = task_.public_key;
  task.keys = keys_.get();
  task.receipts = receipts_;
  task.sizes = sizes_;
  task.from = trust_.from;
  task.to = trust_.to;
  return task;
}

// Whether somebody may be in the middle of a write.
bool was_just_written(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return false;
  return facts.st_mtim.tv_sec + being_written_seconds > ::time(nullptr);
}

// A segment that is being written can be read in the middle of a write: damage there is real only
// if it is still the same a moment later.
SegmentReport StreamVerifier::read_segment(std::size_t index) const {
  SegmentTask task = segment_task(index);
  task.bytes_done = &bytes_done_;
  SegmentReport report = verify_segment(task);
  if (task.position != SegmentTask::Position::last) return report;
  task.bytes_done = nullptr;
  for (int i = 0;
       i < rereads_max && !report.sealed && !report.found.empty() && was_just_written(task.path);
       ++i) {
    std::this_thread::sleep_for(reread_after);
    SegmentReport again = verify_segment(task);
    const bool still = again.next_seq == report.next_seq && again.end.offset == report.end.offset &&
                       again.found.listed().size() == report.found.listed().size();
    report = std::move(again);
    if (still) break;
  }
  return report;
}

std::uint64_t StreamVerifier::file_bytes() const {
  std::uint64_t total = 0;
  for (const SegmentName& segment : segments_) {
    struct stat facts {};
    if (::stat((task_.directory + '/' + segment.name).c_str(), &facts) == 0) {
      total += static_cast<std::uint64_t>(facts.st_size);
    }
  }
  return total;
}

void StreamVerifier::read_segments() {
  StitchOptions options;
  options.approver_key = trust_.approver_key;
  const auto& opening = task_.peek.opening;
  if (!options.approver_key && opening && opening->genesis) {
    options.approver_key = opening->genesis->approver;
    if (options.approver_key) unchecked("approver: the key is only the log's own word");
  }
  options.anchors = &trust_.anchors;
  Stitch stitch(options);
  const std::uint64_t total = task_.on_progress ? file_bytes() : 0;
  const auto add = [&](std::size_t index, SegmentReport&& report) {
    stitch.add(std::move(report),
               index + 1 == segments_.size() ? Stitch::Position::last : Stitch::Position::inner);
    if (index == 0 && begins_at_) stitch.pass_over(*begins_at_);
  };
  if (task_.jobs == 1) {
    for (std::size_t index = 0; index < segments_.size(); ++index) {
      add(index, read_segment(index));
      if (task_.on_progress) task_.on_progress({bytes_done_, total});
    }
  } else {
    OrderedWork<SegmentReport> work(
        {segments_.size(), task_.jobs, [this](std::size_t index) { return read_segment(index); }});
    for (std::size_t index = 0; index < segments_.size();) {
      auto report = work.take(progress_interval);
      if (task_.on_progress) task_.on_progress({bytes_done_, total});
      if (report) add(index++, *std::move(report));
    }
  }
  std::vector<std::string> said = std::move(out_.stitched.not_checked);
  out_.stitched = stitch.finish();
  StitchedStream& stitched = out_.stitched;
  stitched.not_checked.insert(stitched.not_checked.begin(), said.begin(), said.end());
  out_.faults.insert(out_.faults.end(), stitched.faults.begin(), stitched.faults.end());
  out_.kinds.add(stitched.kinds);
  if (stitched.records == 0) fault_at_end(VerifyExit::cannot, "no record was found here");
}

void StreamVerifier::check_checkpoint() {
  if (!checkpoint_) return;
  const std::uint64_t size = out_.stitched.size;
  if (checkpoint_->size > size) {
    return fault_at_end(VerifyExit::integrity, "the log ends after " + std::to_string(size) +
                                                   " records, its checkpoint signs " +
                                                   std::to_string(checkpoint_->size));
  }
  const auto root = out_.root(checkpoint_->size);
  const bool other_root = root && *root != checkpoint_->root;
  if (other_root || checkpoint_->origin != out_.stitched.origin) {
    fault(task_.directory + '/' + checkpoint_file_name, VerifyExit::integrity,
          "the checkpoint signs other records than these",
          checkpoint_->size > 0 ? checkpoint_->size - 1 : 0);
  } else if (root) {
    note_signed(checkpoint_->size);
  }
}

void StreamVerifier::note_signed(std::uint64_t size) {
  out_.stitched.signed_size = std::max(out_.stitched.signed_size, size);
  if (!begins_at_ && size > 0) out_.stitched.is_genesis_signed = true;
}

void StreamVerifier::check_outside_anchors() {
  if (!task_.peek.stream) return;
  const std::string ending = '/' + hex(*task_.peek.stream);
  for (std::size_t i = 0; i < trust_.outside.size(); ++i) {
    if (!trust_.outside[i].origin.ends_with(ending)) continue;
    out_.anchors_used.push_back(i);
    check_outside_anchor(trust_.outside[i]);
  }
}

void StreamVerifier::check_outside_anchor(const OutsideAnchor& anchor) {
  if (!out_.stitched.public_key) return;  // nothing of the log could be read
  const auto checkpoint = open_checkpoint(anchor.note, *out_.stitched.public_key);
  if (!checkpoint) {
    return fault(anchor.path, VerifyExit::integrity, checkpoint.error().message);
  }
  const std::uint64_t size = checkpoint->size;
  if (size > out_.stitched.size) {
    return fault_at_end(VerifyExit::integrity,
                        "the log ends after " + std::to_string(out_.stitched.size) + " records, " +
                            anchor.path + " signs " + std::to_string(size));
  }
  const auto root = out_.root(size);
  if ((root && *root != checkpoint->root) || checkpoint->origin != out_.stitched.origin) {
    return fault(anchor.path, VerifyExit::integrity, "the anchor signs other records than these",
                 size > 0 ? size - 1 : 0);
  }
  if (!root) return unchecked(anchor.path + ": the tree of its size is not known");
  note_signed(size);
  const auto note = parse_note(anchor.note);
  if (note && note->signatures.size() > 1) {
    count_outside_anchor({size, anchor.note, std::nullopt}, anchor.path);
  }
  if (anchor.reply) count_outside_anchor({size, anchor.note, anchor.reply}, anchor.path);
}

void StreamVerifier::count_outside_anchor(const AnchorClaim& claim, const std::string& path) {
  AnchorVerdict verdict = judge_anchor(claim, trust_.anchors);
  if (verdict.good) out_.stitched.anchors.push_back(*std::move(verdict.good));
  if (!verdict.not_counted.empty()) unchecked(path + ": " + verdict.not_counted);
  if (!verdict.fault.empty()) fault(path, VerifyExit::integrity, std::move(verdict.fault));
}

// Of records that were not seen.
void StreamVerifier::check_receipts_left() {
  std::vector<std::uint64_t> seen = std::move(out_.stitched.receipts_seen);
  std::sort(seen.begin(), seen.end());
  KeyLadder* const keys = keys_.get();
  for (const Receipt& receipt : receipts_) {
    if (std::binary_search(seen.begin(), seen.end(), receipt.seq)) continue;
    const std::string name = "a receipt for record " + std::to_string(receipt.seq);
    if (is_forged(receipt, keys)) {
      fault_at_end(VerifyExit::cannot,
                   "a receipt was not made with this log's key: " + receipt.text());
    } else if (out_.stitched.permissions.may_drop({receipt.seq, receipt.seq})) {
      unchecked(name + ": the record was dropped by permission");
    } else if (begins_at_ && receipt.seq < *begins_at_) {
      unchecked(name + ": it is earlier than what was asked for");
    } else {
      const bool beyond = receipt.seq >= out_.stitched.size;
      fault_at_end(VerifyExit::integrity,
                   "a receipt was given for record " + std::to_string(receipt.seq) +
                       (beyond ? ", which is beyond the end of the log" : ", which is not here"));
    }
  }
}

}  // namespace

StreamPeek peek_stream(const std::string& directory) {
  StreamPeek peek;
  const auto segments = list_segments(directory);
  if (!segments) return peek;
  for (const SegmentName& segment : *segments) {
    auto reader = SegmentReader::open(directory + '/' + segment.name);
    const auto line = reader ? reader->next() : tl::unexpected(reader.error());
    if (!line || line->kind != Line::Kind::record) continue;
    const auto record = parse_record(line->text);
    RecordFacts facts;
    if (!record || check_strict_json(line->text, facts)) continue;
    peek.stream = record->head.stream;
    if (record->head.type == RecordType::open) peek.opening = read_opening(line->text);
    return peek;
  }
  return peek;
}

std::optional<Digest> VerifiedStream::root(std::uint64_t size) const {
  if (stitched.tree && stitched.size == size) return stitched.tree->root();
  const auto found = std::find_if(stitched.roots.begin(), stitched.roots.end(),
                                  [&](const SignedSize& root) { return root.size == size; });
  if (found == stitched.roots.end()) return std::nullopt;
  return found->root;
}

VerifiedStream verify_stream(const StreamTask& task, const VerifyTrust& trust) {
  return StreamVerifier(task, trust).run();
}

}  // namespace portcullis::audit
