#include "audit/verdict.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "audit/moment.h"
#include "base/clock.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t open_decisions_named_max = 20;
constexpr std::size_t spans_max = 100;

std::string time_text(std::int64_t seconds) {
  std::string out;
  append_rfc3339(out, std::chrono::seconds(seconds));
  return out;
}

std::uint64_t covered(const StitchedStream& stream) {
  std::uint64_t size = 0;
  for (const GoodAnchor& anchor : stream.anchors) size = std::max(size, anchor.size);
  return size;
}

std::int64_t newest(const StitchedStream& stream) {
  std::int64_t seconds = 0;
  for (const GoodAnchor& anchor : stream.anchors) seconds = std::max(seconds, anchor.seconds);
  return seconds;
}

std::string name_of(const VerifiedStream& stream) {
  return stream.report.origin.empty() ? stream.report.directory : stream.report.origin;
}

std::vector<AnchorReport> list_anchors(const std::vector<GoodAnchor>& sorted) {
  std::vector<AnchorReport> out;
  for (const GoodAnchor& anchor : sorted) {
    AnchorReport report{anchor.kind, anchor.who, time_text(anchor.seconds), anchor.size};
    const bool again =
        !out.empty() && out.back().kind == report.kind && out.back().size == report.size;
    if (!again) out.push_back(std::move(report));
  }
  return out;
}

// Records that waited long for an anchor; `sorted` by size.
std::vector<UnanchoredSpan> list_unanchored(const StitchedStream& stream,
                                            const std::vector<GoodAnchor>& sorted,
                                            std::int64_t age) {
  std::vector<UnanchoredSpan> out;
  std::uint64_t size = 0;
  std::optional<std::int64_t> before = seconds_of(stream.first_time);
  std::string from;
  for (const GoodAnchor& anchor : sorted) {
    const bool long_wait = !before || anchor.seconds - *before > age;
    if (anchor.size > size && long_wait && out.size() < spans_max) {
      out.push_back({{size, anchor.size - 1}, from, time_text(anchor.seconds)});
    }
    size = std::max(size, anchor.size);
    before = before ? std::max(*before, anchor.seconds) : anchor.seconds;
    from = time_text(*before);
  }
  const auto last = seconds_of(stream.last_time);
  const bool tail_waits = sorted.empty() || !last || !before || *last - *before > age;
  if (stream.size > size && tail_waits) out.push_back({{size, stream.size - 1}, from, {}});
  return out;
}

std::string text_of(const SeqSpan& records) {
  return "records " + std::to_string(records.first) + " to " + std::to_string(records.last);
}

// What neither a signature nor a checked mac vouches for.
std::optional<SeqSpan> unsigned_tail(const VerifiedStream& stream) {
  const StitchedStream& stitched = stream.stitched;
  if (stream.macs_checked || stitched.signed_size >= stitched.size) return std::nullopt;
  return SeqSpan{stitched.signed_size, stitched.size - 1};
}

std::string what_is_proved(const VerifiedStream& stream, const VerifyTrust& trust) {
  const StitchedStream& stitched = stream.stitched;
  if (stream.kinds.total() > 0) return "nothing: see the faults";
  const std::string by = trust.public_key ? "the key given" : "the log's own key";
  std::string out = "unchanged since they were written, under " + by;
  if (const auto tail = unsigned_tail(stream)) out = "but for " + text_of(*tail) + ", " + out;
  const std::uint64_t size = covered(stitched);
  if (size == 0) return out + "; that none is missing at the end is not proved";
  const std::string when = time_text(newest(stitched));
  return out + "; records 0 to " + std::to_string(size - 1) + " were there at " + when +
         ", as others testify, and none of them is missing";
}

}  // namespace

void describe(VerifiedStream& stream, const VerifyTrust& trust) {
  const StitchedStream& stitched = stream.stitched;
  StreamReport& report = stream.report;
  report.origin = stitched.origin;
  if (stitched.stream) report.stream = hex(*stitched.stream);
  if (stitched.public_key) report.public_key = hex(*stitched.public_key);
  report.segments = stitched.segments;
  report.records = stitched.records;
  if (stitched.tree && stitched.records > 0) report.root = hex(stitched.tree->root());
  report.sealed = stitched.sealed;
  report.first_time = stitched.first_time;
  report.last_time = stitched.last_time;
  std::vector<GoodAnchor> sorted = stitched.anchors;
  std::stable_sort(sorted.begin(), sorted.end(), [](const GoodAnchor& a, const GoodAnchor& b) {
    return std::tie(a.size, a.kind) < std::tie(b.size, b.kind);
  });
  report.anchors = list_anchors(sorted);
  report.unanchored = list_unanchored(stitched, sorted, trust.anchor_age);
  report.time_gaps = stitched.time_gaps;
  std::sort(report.time_gaps.begin(), report.time_gaps.end(),
            [](const TimeGap& a, const TimeGap& b) { return a.seq < b.seq; });
  report.erased = stitched.erased;
  report.dropped = stitched.dropped;
  for (const auto& [id, seq] : stitched.open_decisions) report.open_decisions.push_back(seq);
  std::sort(report.open_decisions.begin(), report.open_decisions.end());
  report.open_decisions.resize(std::min(report.open_decisions.size(), open_decisions_named_max));
  report.proved = what_is_proved(stream, trust);
}

std::optional<std::string> why_not_signed(const VerifiedStream& stream) {
  const auto tail = unsigned_tail(stream);
  const auto& late = stream.stitched.late;
  if (!tail || late.empty() || late.back().first < tail->first) return std::nullopt;
  return "signer of " + text_of(*tail) + " of " + name_of(stream) +
         ": no checkpoint covers them yet, and no key was given to check their macs";
}

std::optional<std::string> why_not_anchored(const VerifiedStream& stream,
                                            const VerifyTrust& trust) {
  const StitchedStream& stitched = stream.stitched;
  if (stitched.anchors.empty()) {
    return "tail of " + name_of(stream) +
           ": nothing independent from outside the host says how long the log must be; records at "
           "the end can have been cut off";
  }
  const std::uint64_t size = covered(stitched);
  const std::string limit = time_text(newest(stitched) + trust.anchor_age);
  const std::string anchor = "the newest good anchor is of " + time_text(newest(stitched));
  for (const auto& [seq, time] : stitched.late) {
    if (seq < size || time <= limit) continue;
    std::string out = name_of(stream);
    out.append(": records up to ").append(time).append(": ").append(anchor);
    return out.append(" and covers ").append(std::to_string(size)).append(" records");
  }
  if (!stream.followed && !trust.to.empty() && trust.to > limit) {
    return name_of(stream) + ": what can have been cut off before " + trust.to + ": " + anchor;
  }
  return std::nullopt;
}

}  // namespace portcullis::audit
