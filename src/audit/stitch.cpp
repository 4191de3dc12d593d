#include "audit/stitch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t notes_max = 1000;
constexpr std::size_t open_decisions_max = 1u << 20;

void remark(std::vector<std::string>& list, std::string text) {
  if (list.size() >= notes_max || std::find(list.begin(), list.end(), text) != list.end()) return;
  list.push_back(std::move(text));
}

std::string range_text(const SeqRange& records) {
  return records.first == records.last
             ? "record " + std::to_string(records.first)
             : "records " + std::to_string(records.first) + " to " + std::to_string(records.last);
}

// Joins neighbours.
void add_span(std::vector<SeqSpan>& spans, const SeqRange& records) {
  if (!spans.empty() && spans.back().last + 1 == records.first) {
    spans.back().last = records.last;
  } else {
    spans.push_back({records.first, records.last});
  }
}

std::uint64_t first_seq(const SegmentReport& segment) {
  return segment.start ? segment.start->head.seq : segment.first_seq;
}

std::optional<Frontier> stored_frontier(const SegmentReport& segment) {
  if (!segment.opening || !segment.opening->frontier) return std::nullopt;
  return Frontier::restore(first_seq(segment), *segment.opening->frontier);
}

}  // namespace

Stitch::Stitch(const StitchOptions& options) : options_(options), next_seq_(0), tree_(Frontier{}) {}

void Stitch::pass_over(std::uint64_t next_seq) {
  out_.is_genesis_signed = !signed_roots_.empty();
  forget();
  next_seq_ = next_seq;
  passed_over_to_ = next_seq;
  last_time_.clear();
  out_.first_time.clear();
  out_.last_time.clear();
  out_.time_gaps.clear();
  out_.late.clear();
  out_.open_decisions.clear();
}

Fault Stitch::at_start(const SegmentReport& segment, std::string message) const {
  return {segment.path, 1, 0, first_seq(segment), VerifyExit::integrity, std::move(message)};
}

void Stitch::fault(const SegmentReport& segment, std::string message) {
  const std::uint64_t seq = std::max(next_seq_, first_seq(segment));
  found_.add({at_start(segment, std::move(message)), SeqRange{seq, seq}, paths_.size()});
}

void Stitch::forget() {
  prev_.reset();
  tree_.reset();
  batch_.reset();
}

void Stitch::add(SegmentReport&& segment, Position position) {
  check_identity(segment);
  const std::uint64_t first = first_seq(segment);
  if (segment.epoch) check_epoch(segment, first);
  check_sequence(segment, first);
  found_.append(std::move(segment.found), paths_.size());
  check_end(segment, position);
  take_over(segment);
  count(segment);
  for (const KeptRecord& record : segment.kept) take_kept(segment, record);
  paths_.push_back(segment.path);
}

void Stitch::check_identity(const SegmentReport& segment) {
  if (segment.stream && out_.stream && *segment.stream != *out_.stream) {
    fault(segment, "wrong stream: " + hex(*segment.stream));
  }
  if (segment.public_key && out_.public_key && *segment.public_key != *out_.public_key) {
    fault(segment, "the public key changes within the stream");
  }
  if (segment.opening && !out_.origin.empty() && segment.opening->origin != out_.origin) {
    fault(segment, "the origin changes within the stream");
  }
  if (!out_.stream) out_.stream = segment.stream;
  if (!out_.public_key) out_.public_key = segment.public_key;
  if (out_.origin.empty() && segment.opening) out_.origin = segment.opening->origin;
}

void Stitch::check_epoch(const SegmentReport& segment, std::uint64_t first) {
  const std::uint64_t due = epoch_ ? *epoch_ + 1 : 0;
  const bool passed_over = first > next_seq_ || passed_over_to_ == first;
  if (passed_over ? *segment.epoch < due : *segment.epoch != due) {
    fault(segment, "wrong epoch: " + std::to_string(*segment.epoch) + " where " +
                       std::to_string(due) + " is due");
  }
}

void Stitch::check_sequence(const SegmentReport& segment, std::uint64_t first) {
  if (first == next_seq_) return check_continuity(segment);
  if (first < next_seq_) {
    fault(segment, "record " + std::to_string(next_seq_) +
                       " is due here: a record was inserted, repeated or moved");
  } else {
    const SeqRange missing = {next_seq_, first - 1};
    Fault what = at_start(segment, missing_text(missing));
    what.kind = VerifyExit::gap;
    gaps_.push_back({{std::move(what), missing, paths_.size()}, tree_, stored_frontier(segment)});
    lost_.emplace(missing.first, missing.last);
  }
  forget();
}

void Stitch::check_continuity(const SegmentReport& segment) {
  if (!segment.start) return;
  const RecordHead& head = segment.start->head;
  if (prev_ && head.prev != *prev_) {
    fault(segment, "prev is not the leaf of the record before: one of the two was replaced");
  }
  const auto stored = stored_frontier(segment);
  if (tree_ && stored && *tree_ != *stored) {
    fault(segment, "the frontier is not that of the records before");
  }
  if (batch_ && head.batch != head.seq && head.batch != *batch_) {
    fault(segment, "batch is not that of this or the record before");
  }
  if (segment.start->time < last_time_) {
    fault(segment, "time goes back without a record of type clock_step");
  }
}

void Stitch::check_end(const SegmentReport& segment, Position position) {
  if (segment.sealed) return;
  for (const ErasedLine& line : segment.erased) {
    found_.add({{segment.path, line.place.line, line.place.offset, line.seq, VerifyExit::integrity,
                 "an erased line in a segment that is not sealed"},
                SeqRange{line.seq, line.seq},
                paths_.size()});
  }
  if (segment.unreadable) return;
  const bool empty = !segment.stream && segment.next_seq == segment.first_seq;
  if (position == Position::last && !empty) return;
  // The gap after it says which records are missing.
  found_.add({{segment.path, segment.end.line, segment.end.offset, std::nullopt, VerifyExit::gap,
               position == Position::last ? "a segment without a record"
                                          : "the segment has no seal: its end is missing"},
              SeqRange{segment.next_seq, segment.next_seq},
              paths_.size()});
}

void Stitch::take_over(const SegmentReport& segment) {
  const bool nothing_there = !segment.stream && segment.next_seq == segment.first_seq;
  if (nothing_there && segment.first_seq == next_seq_) return;
  next_seq_ = segment.next_seq;
  prev_ = segment.prev;
  tree_ = segment.tree;
  batch_ = segment.batch;
  last_time_ = segment.last_time;
  if (segment.epoch) epoch_ = segment.epoch;
}

void Stitch::count(SegmentReport& segment) {
  ++out_.segments;
  out_.records += segment.records;
  out_.decisions += segment.decisions;
  out_.outcomes += segment.outcomes;
  if (!segment.first_time.empty()) {
    if (out_.first_time.empty()) out_.first_time = segment.first_time;
    if (!out_.last_time.empty()) {
      note_silence(out_.time_gaps, out_.last_time, segment.first_time, first_seq(segment));
    }
    out_.last_time = segment.newest_time;
  }
  for (TimeGap& gap : segment.gaps) add_time_gap(out_.time_gaps, std::move(gap));
  for (std::string& note : segment.notes) remark(out_.notes, std::move(note));
  for (auto& late : segment.late) {
    while (!out_.late.empty() && out_.late.back().second <= late.second) out_.late.pop_back();
    out_.late.push_back(std::move(late));
  }
  if (segment.opening && segment.opening->genesis && first_seq(segment) == 0) {
    out_.genesis = segment.opening->genesis;
    out_.genesis_path = segment.path;
  }
  const auto extend = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  for (const SignedSize& signed_size : segment.signed_sizes) {
    signed_roots_.insert_or_assign(signed_size.size, signed_size.root);
  }
  extend(out_.roots, segment.roots);
  for (const SeqRange& lost : segment.lost) lost_.emplace(lost.first, lost.last);
  extend(out_.receipts_seen, segment.receipts_seen);
  for (const ErasedLine& line : segment.erased) erased_.push_back({line, paths_.size()});
  count_decisions(segment);
  out_.sealed = segment.sealed;
  out_.end_path = segment.path;
  out_.end = segment.end;
}

void Stitch::count_decisions(SegmentReport& segment) {
  for (const DecisionId& id : segment.outcomes_of_earlier) out_.open_decisions.erase(id);
  if (segment.open_decisions_full ||
      out_.open_decisions.size() + segment.open_decisions.size() > open_decisions_max) {
    return remark(out_.not_checked, "decisions without outcome: more than " +
                                        std::to_string(open_decisions_max) + ", not all counted");
  }
  out_.open_decisions.merge(segment.open_decisions);
}

void Stitch::take_kept(const SegmentReport& segment, const KeptRecord& record) {
  std::string problem =
      record.type == RecordType::anchor ? check_anchor(record) : check_retention(segment, record);
  if (problem.empty()) return;
  found_.add({{segment.path, record.place.line, record.place.offset, record.seq,
               VerifyExit::integrity, std::move(problem)},
              SeqRange{record.seq, record.seq},
              paths_.size()});
}

std::string Stitch::check_anchor(const KeptRecord& record) {
  const auto json = nlohmann::json::parse(record.line, nullptr, false);
  if (!json.is_object()) return {};  // said already
  const auto kind = text_member(json, "kind");
  const auto note = text_member(json, "note");
  const auto reply = text_member(json, "reply");
  if (!note || (kind != "witness" && (kind != "time_stamp" || !reply))) {
    return "the anchor is not in form";
  }
  if (!out_.public_key) return {};
  const auto checkpoint = open_checkpoint(*note, *out_.public_key);
  if (!checkpoint) return checkpoint.error().message;
  std::string problem = anchor_problem(*checkpoint, record.seq);
  if (!problem.empty()) return problem;
  AnchorClaim claim{checkpoint->size, *note, std::nullopt};
  if (kind == "time_stamp") {
    claim.reply = from_base64(*reply);
    if (!claim.reply) return "the anchor's reply is not base64";
  }
  AnchorVerdict verdict = judge_anchor(claim, *options_.anchors);
  if (verdict.good) out_.anchors.push_back(*std::move(verdict.good));
  if (!verdict.not_counted.empty()) remark(out_.not_checked, std::move(verdict.not_counted));
  return verdict.fault;
}

std::string Stitch::anchor_problem(const Checkpoint& checkpoint, std::uint64_t seq) const {
  if (checkpoint.origin != out_.origin || checkpoint.size > seq) {
    return "the anchor is not one of this log";
  }
  const auto found = signed_roots_.find(checkpoint.size);
  const bool before = passed_over_to_ && checkpoint.size < *passed_over_to_;
  const bool good = found == signed_roots_.end() ? before || is_lost(checkpoint.size)
                                                 : found->second == checkpoint.root;
  if (good) return {};
  return "the anchor's checkpoint is not one of this log";
}

bool Stitch::is_lost(std::uint64_t seq) const {
  const auto after = lost_.upper_bound(seq);
  return after != lost_.begin() && std::prev(after)->second >= seq;
}

std::string Stitch::check_retention(const SegmentReport& segment, const KeptRecord& record) {
  if (!options_.approver_key) {
    remark(out_.not_checked, "approvals: no approver's key is known");
    return {};
  }
  const auto problem =
      permissions_.add({record.line, out_.origin, segment.first_seq}, *options_.approver_key);
  if (!problem) out_.newest_permission = record.seq;
  return problem ? "the retention record permits nothing: " + *problem : std::string();
}

// ---------------------------------------------------------------- what was permitted

StitchedStream Stitch::finish() {
  settle_gaps();
  settle_erased();
  settle_found();
  out_.size = next_seq_;
  out_.tree = tree_;
  if (!signed_roots_.empty()) out_.signed_size = signed_roots_.rbegin()->first;
  if (!passed_over_to_) out_.is_genesis_signed = out_.signed_size > 0;
  out_.permissions = std::move(permissions_);
  return std::move(out_);
}

void Stitch::settle_gaps() {
  for (Gap& gap : gaps_) {
    const SeqRange missing = *gap.found.about;
    if (!permissions_.may_drop(missing)) {
      found_.add(std::move(gap.found));
      continue;
    }
    add_span(out_.dropped, missing);
    const auto joined =
        gap.before ? permissions_.join(*gap.before, missing.last + 1) : std::nullopt;
    if (!joined || !gap.after) {
      remark(out_.not_checked, "the tree over the dropped " + range_text(missing));
    } else if (*joined != *gap.after) {
      gap.found.fault.kind = VerifyExit::integrity;
      gap.found.fault.message =
          "the roots that were kept of the dropped " + range_text(missing) + " are not its tree's";
      found_.add(std::move(gap.found));
    }
  }
}

void Stitch::settle_erased() {
  for (const Erased& erased : erased_) {
    const SeqRange here = {erased.line.seq, erased.line.seq};
    if (permissions_.may_erase(here)) {
      add_span(out_.erased, here);
      continue;
    }
    found_.add({{paths_[erased.segment], erased.line.place.line, erased.line.place.offset,
                 erased.line.seq, VerifyExit::integrity, "a record was erased without an approval"},
                here,
                erased.segment});
  }
}

bool Stitch::is_permitted(VerifyExit kind, const std::optional<SeqRange>& about) const {
  if (!about || (kind != VerifyExit::integrity && kind != VerifyExit::gap)) return false;
  return permissions_.acknowledges(*about) ||
         (kind == VerifyExit::gap && permissions_.may_drop(*about));
}

void Stitch::settle_found() {
  auto& listed = found_.listed();
  std::stable_sort(listed.begin(), listed.end(), [](const Found& a, const Found& b) {
    return std::pair(a.segment, a.fault.line) < std::pair(b.segment, b.fault.line);
  });
  for (Found& found : listed) {
    if (!is_permitted(found.fault.kind, found.about)) {
      out_.kinds.add(found.fault.kind);
      out_.faults.push_back(std::move(found.fault));
    } else if (permissions_.acknowledges(*found.about)) {
      remark(out_.notes, "acknowledged: " + found.fault.text());
    }
  }
  for (const FoundList::Unlisted& unlisted : found_.unlisted()) {
    if (!is_permitted(unlisted.kind, unlisted.about)) {
      out_.kinds.add(unlisted.kind, unlisted.count);
    }
  }
}

}  // namespace portcullis::audit
