#include "audit/summary.h"

#include <nlohmann/json.hpp>
#include <set>

#include "audit/input.h"
#include "audit/reader.h"
#include "audit/record.h"
#include "audit/strict_json.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  const bool found = json.contains(at) && json[at].is_string();
  return found ? json[at].get<std::string>() : std::string();
}

std::string join(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

void add_words(const Json& list, std::set<std::string>& words) {
  for (const Json& word : list) {
    if (word.is_string()) words.insert(word.get<std::string>());
  }
}

std::string rules_of(const Json& json) {
  const Json::json_pointer at("/decision/rules");
  std::set<std::string> rules;
  if (json.contains(at) && json[at].is_array()) add_words(json[at], rules);
  return join(rules);
}

std::string classes_of(const Json& json) {
  const Json::json_pointer at("/input/data");
  std::set<std::string> classes;
  if (!json.contains(at) || !json[at].is_array()) return {};
  for (const Json& item : json[at]) {
    const auto found = item.is_object() ? item.find("classes") : item.end();
    if (found != item.end() && found->is_array()) add_words(*found, classes);
  }
  return join(classes);
}

RecordSummary summarise(const ParsedRecord& record, const Json& json) {
  RecordSummary out;
  out.time = record.head.time;
  out.seq = record.head.seq;
  out.type = record_type_name(record.head.type);
  out.id = text_at(json, "/id");
  if (record.head.type != RecordType::decision) return out;
  out.person = text_at(json, "/input/subject/id");
  out.effect = text_at(json, "/decision/effect");
  out.reason = text_at(json, "/decision/reason");
  out.rules = rules_of(json);
  out.model = text_at(json, "/input/model/name");
  out.classes = classes_of(json);
  return out;
}

// false: the line is no record.
bool visit_line(std::string_view line, const RecordVisitor& visitor) {
  const auto record = parse_record(line);
  RecordFacts facts;
  if (!record || check_strict_json(line, facts)) return false;
  visitor(summarise(*record, Json::parse(line, nullptr, false)), line);
  return true;
}

Result<std::uint64_t> visit_segment(const std::string& path, const RecordVisitor& visitor) {
  auto reader = SegmentReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  std::uint64_t unreadable = 0;
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind == Line::Kind::end) return unreadable;
    if (line->kind == Line::Kind::unwritten) continue;
    const bool good = line->kind == Line::Kind::record && visit_line(line->text, visitor);
    if (!good) ++unreadable;
  }
}

}  // namespace

Result<std::uint64_t> visit_records(const std::string& directory, const RecordVisitor& visitor) {
  const auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  if (segments->empty()) {
    return failure(Cause::not_found, "there is no audit log in " + directory);
  }
  std::uint64_t unreadable = 0;
  for (const SegmentName& segment : *segments) {
    const auto more = visit_segment(directory + '/' + segment.name, visitor);
    if (!more) return more;
    unreadable += *more;
  }
  return unreadable;
}

}  // namespace portcullis::audit
