#include "audit/strict_json.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t depth_max = 64;

// nlohmann's SAX interface; a handler that returns false ends the parse.
class Handler {
 public:
  explicit Handler(RecordFacts& facts) : facts_(facts) {}
  const std::string& problem() const { return problem_; }

  bool null() { return refuse("null"); }
  bool boolean(bool) { return true; }
  bool number_integer(std::int64_t value) {
    return value >= -static_cast<std::int64_t>(integer_max) || refuse("an integer beyond 2^53");
  }
  bool number_unsigned(std::uint64_t value) {
    return value <= integer_max || refuse("an integer beyond 2^53");
  }
  bool number_float(double, const std::string&) { return refuse("a number that is no integer"); }
  bool binary(nlohmann::json::binary_t&) { return refuse("binary"); }
  bool string(std::string& value) {
    if (levels_.size() == 1 && top_ == "id") facts_.id = value;
    if (levels_.size() == 2 && top_ == "decision" && name_ == "effect") read_effect(value);
    return true;
  }
  bool start_object(std::size_t) { return enter(); }
  bool start_array(std::size_t) { return enter(); }
  bool end_array() { return leave(); }
  bool end_object() {
    std::vector<std::string>& names = levels_.back();
    std::sort(names.begin(), names.end());
    if (std::adjacent_find(names.begin(), names.end()) != names.end()) {
      return refuse("a member that stands twice in one object");
    }
    return leave();
  }
  bool key(std::string& name) {
    levels_.back().push_back(name);
    name_ = name;
    if (levels_.size() == 1) top_ = name;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    return refuse("a syntax error at byte " + std::to_string(position));
  }

 private:
  bool refuse(std::string what) {
    problem_ = std::move(what);
    return false;
  }
  bool enter() {
    if (levels_.size() == depth_max) return refuse("more than 64 levels");
    levels_.emplace_back();
    return true;
  }
  bool leave() {
    levels_.pop_back();
    return true;
  }
  void read_effect(std::string_view value) {
    if (value == effect_name(Effect::allow)) facts_.effect = Effect::allow;
    if (value == effect_name(Effect::deny)) facts_.effect = Effect::deny;
  }

  RecordFacts& facts_;
  std::string problem_;
  std::vector<std::vector<std::string>> levels_;  // the member names of each open object
  std::string top_;                               // the member of the record that is being read
  std::string name_;                              // the member that was read last, at any level
};

}  // namespace

std::optional<std::string> check_strict_json(std::string_view line, RecordFacts& facts) {
  // nlohmann takes a NUL for the end of its input.
  if (!is_recordable(line)) return "bytes that are not UTF-8 text without control characters";
  Handler handler(facts);
  if (nlohmann::json::sax_parse(line, &handler)) return std::nullopt;
  return handler.problem();
}

}  // namespace portcullis::audit
