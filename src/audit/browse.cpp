#include "audit/browse.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "audit/erased.h"
#include "audit/reader.h"
#include "audit/strict_json.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

// Whether `word` stands in a list that is joined by commas.
bool lists(std::string_view joined, std::string_view word) {
  while (!joined.empty()) {
    const std::size_t end = std::min(joined.find(','), joined.size());
    if (joined.substr(0, end) == word) return true;
    joined.remove_prefix(std::min(end + 1, joined.size()));
  }
  return false;
}

bool same(const std::string& wanted, std::string_view value) {
  return wanted.empty() || wanted == value;
}

// What can be judged before the record's members are read.
bool may_match(const RecordFilter& filter, const RecordHead& head) {
  return same(filter.type, record_type_name(head.type)) &&
         (filter.from.empty() || head.time >= filter.from) &&
         (filter.to.empty() || head.time < filter.to);
}

bool matches(const RecordFilter& filter, const RecordSummary& record) {
  return same(filter.person, record.person) && same(filter.effect, record.effect) &&
         same(filter.id, record.id) &&
         (filter.data_class.empty() || lists(record.classes, filter.data_class)) &&
         (filter.rule.empty() || lists(record.rules, filter.rule));
}

Match visit_erased(const PlacedLine& line, const RecordFilter& filter,
                   const RecordVisitor& visitor) {
  const auto erased = parse_erased(line.text);
  if (!erased) return Match::unreadable;
  RecordSummary summary;
  summary.seq = erased->seq;
  summary.type = erased_type;
  const bool timed = !filter.from.empty() || !filter.to.empty();
  if (timed || !same(filter.type, erased_type) || !matches(filter, summary)) {
    return Match::passed_over;
  }
  const Json json = Json::parse(line.text, nullptr, false);
  const Visit visit =
      visitor({line.file, line.number, line.offset, line.text, json, std::move(summary)});
  return visit == Visit::stop ? Match::stopped : Match::matched;
}

// Reads one segment; the answer is whether to go on.
class SegmentVisit {
 public:
  SegmentVisit(const BrowseOptions& options, const RecordVisitor& visitor, Browsed& out)
      : options_(options), visitor_(visitor), out_(out) {}

  Result<Visit> run(const SegmentName& segment) {
    const std::string path = options_.directory + '/' + segment.name;
    auto reader = SegmentReader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    out_.end = {segment.first_seq, 0, 0};
    for (;;) {
      const auto line = reader->next();
      if (!line) return tl::unexpected(line.error());
      if (line->kind == Line::Kind::end) return Visit::go_on;
      if (line->kind == Line::Kind::unwritten) continue;
      if (take(*line, path) == Match::stopped) return Visit::stop;
    }
  }

 private:
  Match take(const Line& line, const std::string& path) {
    if (line.kind != Line::Kind::record) {
      ++out_.unreadable;
      return Match::unreadable;
    }
    const Match match =
        visit_line({path, line.number, line.offset, line.text}, options_.filter, visitor_);
    out_.end.lines = line.number;
    out_.end.offset = line.offset + line.text.size() + 1;
    if (match == Match::unreadable) ++out_.unreadable;
    if (match == Match::matched || match == Match::stopped) ++out_.matched;
    return match;
  }

  const BrowseOptions& options_;
  const RecordVisitor& visitor_;
  Browsed& out_;
};

struct Start {
  std::size_t segment = 0;
  std::uint64_t skip = 0;  // matches in it that are too old
};

// From the end backwards, until enough records match.
Result<Start> find_last(const BrowseOptions& options, const std::vector<SegmentName>& segments) {
  std::uint64_t found = 0;
  for (std::size_t i = segments.size(); i-- > 0;) {
    Browsed counted;
    const RecordVisitor count = [](const StoredRecord&) { return Visit::go_on; };
    const auto read = SegmentVisit(options, count, counted).run(segments[i]);
    if (!read) return tl::unexpected(read.error());
    found += counted.matched;
    if (found >= options.last) return Start{i, found - options.last};
  }
  return Start{};
}

}  // namespace

Match visit_line(const PlacedLine& line, const RecordFilter& filter, const RecordVisitor& visitor) {
  const auto record = parse_record(line.text);
  if (!record) return visit_erased(line, filter, visitor);
  if (!may_match(filter, record->head)) return Match::passed_over;
  RecordFacts facts;
  if (check_strict_json(line.text, facts)) return Match::unreadable;
  const Json json = Json::parse(line.text, nullptr, false);
  RecordSummary summary = summarise(record->head, json);
  if (!matches(filter, summary)) return Match::passed_over;
  const Visit visit =
      visitor({line.file, line.number, line.offset, line.text, json, std::move(summary)});
  return visit == Visit::stop ? Match::stopped : Match::matched;
}

Result<Browsed> browse(const BrowseOptions& options, const RecordVisitor& visitor) {
  const auto segments = list_segments(options.directory);
  if (!segments) return tl::unexpected(segments.error());
  if (segments->empty()) {
    return failure(Cause::not_found, "there is no audit log in " + options.directory);
  }
  const auto start = options.last > 0 ? find_last(options, *segments) : Start{};
  if (!start) return tl::unexpected(start.error());
  Browsed out;
  std::uint64_t skip = start->skip;
  const RecordVisitor newest = [&](const StoredRecord& record) {
    if (skip == 0) return visitor(record);
    --skip;
    return Visit::go_on;
  };
  for (std::size_t i = start->segment; i < segments->size(); ++i) {
    if (options.progress) options.progress(i, segments->size());
    const auto visit = SegmentVisit(options, newest, out).run((*segments)[i]);
    if (!visit) return tl::unexpected(visit.error());
    if (*visit == Visit::stop) break;
  }
  out.matched -= std::min(out.matched, start->skip);
  return out;
}

}  // namespace portcullis::audit
