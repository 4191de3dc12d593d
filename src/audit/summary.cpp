#include "audit/summary.h"

#include <nlohmann/json.hpp>
#include <set>

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

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

}  // namespace

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  const bool found = json.contains(at) && json[at].is_string();
  return found ? json[at].get<std::string>() : std::string();
}

RecordSummary summarise(const RecordHead& head, const Json& json) {
  RecordSummary out;
  out.time = head.time;
  out.seq = head.seq;
  out.type = record_type_name(head.type);
  out.id = text_at(json, "/id");
  if (head.type != RecordType::decision) return out;
  out.person = text_at(json, "/input/subject/id");
  out.effect = text_at(json, "/decision/effect");
  out.reason = text_at(json, "/decision/reason");
  out.rules = rules_of(json);
  out.model = text_at(json, "/input/model/name");
  out.classes = classes_of(json);
  return out;
}

}  // namespace portcullis::audit
