#include "audit/retention_plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/erased.h"
#include "audit/reader.h"
#include "audit/record.h"
#include "audit/stream_tree.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

std::string text_of(const SeqRange& range) {
  return std::to_string(range.first) + "-" + std::to_string(range.last);
}

tl::unexpected<Error> refuse(const char* verb, const SeqRange& range, const std::string& why) {
  return failure(Cause::invalid, std::string(verb) + ' ' + text_of(range) + ": " + why);
}

bool may_be_erased(RecordType type) {
  switch (type) {
    case RecordType::decision:
    case RecordType::outcome:
    case RecordType::change:
    case RecordType::clock_step:
    case RecordType::shed:
      return true;
    case RecordType::open:
    case RecordType::checkpoint:
    case RecordType::anchor:
    case RecordType::recovered:
    case RecordType::retention:
    case RecordType::seal:
      return false;
  }
  return false;
}

bool covers(const std::vector<SeqRange>& ranges, const SeqRange& range) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const SeqRange& r) {
    return r.first <= range.first && range.last <= r.last;
  });
}

// One segment as the plan sees it.
struct SegmentFacts {
  std::uint64_t first = 0;
  std::uint64_t end = 0;                // of the records that are there
  bool sealed = false;                  // its last record is the seal, or it is not the last one
  bool damaged = false;                 // in a way that the approval acknowledges
  std::vector<std::string> retentions;  // notes of its retention records
};

// What the records of the log have to say to the plan.
class Survey {
 public:
  Survey(const std::string& directory, const Approval& approval)
      : directory_(directory), approval_(approval) {}

  Result<void> read(const SegmentName& segment) {
    auto reader = SegmentReader::open(directory_ + '/' + segment.name);
    if (!reader) return tl::unexpected(reader.error());
    SegmentFacts& facts = segments.emplace_back();
    facts.first = facts.end = segment.first_seq;
    for (;;) {
      const auto line = reader->next();
      if (!line) return tl::unexpected(line.error());
      // A torn end is the next start's to recover.
      if (line->kind == Line::Kind::end || line->kind == Line::Kind::torn) return {};
      if (line->kind == Line::Kind::unwritten) continue;
      if (auto taken = take(line->text, facts); !taken) return taken;
    }
  }

  std::vector<SegmentFacts> segments;
  std::uint64_t erasable = 0;  // records that are asked for and there
  std::uint64_t erased = 0;    // were before

 private:
  Result<void> take(std::string_view text, SegmentFacts& facts) {
    const auto record = parse_record(text);
    const auto gone = record ? std::nullopt : parse_erased(text);
    if (!record && !gone) return pass_over(facts, facts.end + 1);
    const std::uint64_t seq = record ? record->head.seq : gone->seq;
    if (seq != facts.end) {
      if (auto passed = pass_over(facts, seq); !passed) return passed;
    }
    ++facts.end;
    facts.sealed = record && record->head.type == RecordType::seal;
    if (record && record->head.type == RecordType::retention) {
      const Json json = Json::parse(text, nullptr, false);
      if (json.contains("approval") && json["approval"].is_string()) {
        facts.retentions.push_back(json["approval"].get<std::string>());
      }
    }
    if (!any_contains(approval_.erase, seq)) return {};
    if (gone) {
      ++erased;
      return {};
    }
    if (!may_be_erased(record->head.type)) {
      return refuse("erase", {seq, seq},
                    "a record of type " + std::string(record_type_name(record->head.type)) +
                        " cannot be erased: proofs rest on it");
    }
    ++erasable;
    return {};
  }

  // What should stand before record `seq` does not: fine if it is acknowledged.
  Result<void> pass_over(SegmentFacts& facts, std::uint64_t seq) {
    if (seq <= facts.end || !covers(approval_.acknowledge, {facts.end, seq - 1})) {
      return failure(Cause::untrusted, "record " + std::to_string(facts.end) +
                                           " is damaged: run portcullis audit verify");
    }
    facts.end = seq;
    facts.damaged = true;
    return {};
  }

  const std::string& directory_;
  const Approval& approval_;
};

class Planner {
 public:
  Planner(const std::string& directory, const Approval& approval, const PublicKey& approver)
      : directory_(directory),
        approval_(approval),
        approver_(approver),
        survey_(directory, approval) {}

  Result<RetentionPlan> run() {
    auto tree = StreamTree::open(directory_);
    if (!tree) return tl::unexpected(tree.error());
    for (const SegmentName& segment : tree->segments()) {
      if (auto read = survey_.read(segment); !read) return tl::unexpected(read.error());
    }
    for (std::size_t i = 0; i + 1 < survey_.segments.size(); ++i) survey_.segments[i].sealed = true;
    auto good = check_bounds().and_then([&] { return check_erase(); });
    for (std::size_t i = 0; good && i < survey_.segments.size(); ++i) {
      if (is_dropped(survey_.segments[i])) good = take_segment(i, *tree);
    }
    for (const SeqRange& range : approval_.drop) {
      if (good) good = take_range(range, *tree);
    }
    if (!good) return tl::unexpected(good.error());
    plan_.records_erased = survey_.erasable;
    return std::move(plan_);
  }

 private:
  std::uint64_t sealed_end() const {
    const SegmentFacts& last = survey_.segments.back();
    return last.sealed ? last.end : last.first;
  }
  // Record 0 stays.
  static std::uint64_t first_droppable(const SegmentFacts& segment) {
    return std::max<std::uint64_t>(segment.first, 1);
  }
  bool is_dropped(const SegmentFacts& segment) const {
    return segment.end > first_droppable(segment) &&
           any_contains(approval_.drop, first_droppable(segment));
  }

  Result<void> check_bounds() const {
    const auto check = [&](const char* verb, const std::vector<SeqRange>& ranges) -> Result<void> {
      for (const SeqRange& range : ranges) {
        if (range.last < sealed_end()) continue;
        return refuse(verb, range,
                      "the sealed segments end before record " + std::to_string(sealed_end()));
      }
      return {};
    };
    return check("drop", approval_.drop)
        .and_then([&] { return check("erase", approval_.erase); })
        .and_then([&] { return check("acknowledge", approval_.acknowledge); });
  }

  Result<void> check_erase() const {
    for (const SegmentFacts& segment : survey_.segments) {
      for (const SeqRange& range : approval_.erase) {
        if (!segment.damaged || range.last < segment.first || range.first >= segment.end) continue;
        return refuse("erase", range, "a segment that is damaged stays as it is");
      }
    }
    std::uint64_t asked = 0;
    for (const SeqRange& range : approval_.erase) asked += range.last - range.first + 1;
    if (asked == survey_.erasable + survey_.erased) return {};
    return failure(Cause::invalid, "erase: " + std::to_string(asked) + " records are named, and " +
                                       std::to_string(survey_.erasable + survey_.erased) +
                                       " of them are in the log");
  }

  // A segment of which a drop names the first record that can go.
  Result<void> take_segment(std::size_t index, StreamTree& tree) {
    const SegmentFacts& segment = survey_.segments[index];
    const SeqRange whole{first_droppable(segment), segment.end - 1};
    if (!covers(approval_.drop, whole)) {
      return refuse("drop", whole, "is one segment, which can only be dropped whole");
    }
    for (const std::string& note : segment.retentions) {
      if (auto kept = check_earlier(note); !kept) return kept;
    }
    if (auto sound = tree.check_segment(index); !sound) return sound;
    ++plan_.segments_dropped;
    plan_.records_dropped += whole.last - whole.first + 1;
    return {};
  }

  Result<void> check_earlier(const std::string& note) const {
    const auto earlier = open_approval(note, approver_);
    if (!earlier) return {};
    const auto check = [&](const char* verb, const std::vector<SeqRange>& ranges,
                           const std::vector<SeqRange>& instead) -> Result<void> {
      for (const SeqRange& range : ranges) {
        if (covers(approval_.drop, range) || covers(instead, range)) continue;
        return refuse(verb, range,
                      "was approved by a record in a segment that is to be dropped now: name this "
                      "range again");
      }
      return {};
    };
    return check("drop", earlier->drop, approval_.drop)
        .and_then([&] { return check("erase", earlier->erase, approval_.erase); })
        .and_then(
            [&] { return check("acknowledge", earlier->acknowledge, approval_.acknowledge); });
  }

  // A range begins and ends where segments do; what lies between was dropped before or is now.
  Result<void> take_range(const SeqRange& range, StreamTree& tree) {
    const auto begins = [&](const SegmentFacts& s) { return range.first == first_droppable(s); };
    const auto follows = [&](const SegmentFacts& s) { return range.first == s.end; };
    const auto ends = [&](const SegmentFacts& s) {
      return range.last + 1 == s.first || range.last + 1 == s.end;
    };
    const auto& segments = survey_.segments;
    const bool good_start =
        range.first > 0 && (std::any_of(segments.begin(), segments.end(), begins) ||
                            std::any_of(segments.begin(), segments.end(), follows));
    if (!good_start || std::none_of(segments.begin(), segments.end(), ends)) {
      return refuse("drop", range, "does not begin and end with segments (record 0 always stays)");
    }
    PlannedDrop dropped{range, {}};
    for (const LeafRange& subtree : perfect_subtrees({range.first, range.last + 1})) {
      const auto root = tree.subtree(subtree);
      if (!root) return tl::unexpected(root.error());
      dropped.roots.push_back(*root);
    }
    plan_.dropped.push_back(std::move(dropped));
    return {};
  }

  const std::string& directory_;
  const Approval& approval_;
  const PublicKey& approver_;
  Survey survey_;
  RetentionPlan plan_;
};

// The latest time in a segment; empty if no record can be read.
Result<std::string> read_last_time(const std::string& path) {
  std::string last;
  auto reader = SegmentReader::open(path);
  while (reader) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind == Line::Kind::end) return last;
    const auto record = parse_record(line->text);
    if (record && record->head.time > last) last = record->head.time;
  }
  return tl::unexpected(reader.error());
}

// Whether the segment holds more than its first record.
bool has_second_line(const std::string& path) {
  auto reader = SegmentReader::open(path);
  if (!reader || !reader->next()) return false;
  const auto line = reader->next();
  return line && line->kind == Line::Kind::record;
}

}  // namespace

Result<RetentionPlan> plan_retention(const std::string& directory, const Approval& approval,
                                     const PublicKey& approver) {
  return Planner(directory, approval, approver).run();
}

std::string retention_members(std::string_view note, const RetentionPlan& plan) {
  std::string out;
  JsonWriter json(out);
  json.string("approval", note).name("dropped").begin_array();
  for (const PlannedDrop& dropped : plan.dropped) {
    json.begin_object().integer("first", static_cast<std::int64_t>(dropped.range.first));
    json.integer("last", static_cast<std::int64_t>(dropped.range.last)).name("roots").begin_array();
    for (const Digest& root : dropped.roots) json.hex(root);
    json.end_array().end_object();
  }
  json.end_array();
  return out;
}

Result<std::optional<std::uint64_t>> find_retention(const std::string& directory,
                                                    std::string_view note) {
  std::string member;
  JsonWriter(member).string("approval", note);
  const auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  for (auto segment = segments->rbegin(); segment != segments->rend(); ++segment) {
    auto reader = SegmentReader::open(directory + '/' + segment->name);
    while (reader) {
      const auto line = reader->next();
      if (!line) return tl::unexpected(line.error());
      if (line->kind == Line::Kind::end) break;
      const auto record = parse_record(line->text);
      if (record && record->head.type == RecordType::retention &&
          record->members.starts_with(member)) {
        return segment->first_seq;
      }
    }
    if (!reader) return tl::unexpected(reader.error());
  }
  return std::nullopt;
}

Result<std::optional<SeqRange>> segments_before(const std::string& directory,
                                                std::string_view time) {
  const auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  std::size_t count = 0;
  for (; count + 1 < segments->size(); ++count) {
    const auto last = read_last_time(directory + '/' + (*segments)[count].name);
    if (!last) return tl::unexpected(last.error());
    if (last->empty() || *last >= time) break;
  }
  if (count == 0) return std::nullopt;
  const SegmentName& front = segments->front();
  const bool emptied = front.first_seq == 0 && !has_second_line(directory + '/' + front.name);
  if (emptied && count == 1) return std::nullopt;
  const std::uint64_t first = emptied ? (*segments)[1].first_seq : front.first_seq;
  return SeqRange{std::max<std::uint64_t>(first, 1), (*segments)[count].first_seq - 1};
}

}  // namespace portcullis::audit
