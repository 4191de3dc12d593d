#include "identity/strict_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::size_t identifier_bytes_max = 512;

// Builds the value as the parser goes, and stops it at the first thing that is refused.
class Builder final : public nlohmann::json_sax<json> {
 public:
  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add(value); }
  bool number_unsigned(number_unsigned_t value) override { return add(value); }
  bool number_float(number_float_t value, const string_t&) override { return add(value); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return refuse("a binary value"); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    const auto [member, fresh] = open_.back()->emplace(name, nullptr);
    member_ = &*member;
    return fresh || refuse("a member twice");
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return refuse("a syntax error");
  }

  const std::string& problem() const { return problem_; }
  json take() { return std::move(root_); }

 private:
  bool refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return false;
  }

  // The place is stable while its container is open: nothing is added to a parent before its child
  // is closed.
  json* place(json&& value) {
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }

  bool add(json&& value) {
    if (++values_ > json_values_max) return refuse("too many values");
    place(std::move(value));
    return true;
  }

  bool open(json&& container) {
    if (++values_ > json_values_max) return refuse("too many values");
    if (open_.size() >= json_depth_max) return refuse("too many levels");
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  json root_;
  std::vector<json*> open_;
  json* member_ = nullptr;
  std::size_t values_ = 0;
  std::string problem_;
};

}  // namespace

Result<json> parse_strict_object(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return failure(Cause::invalid, "JSON with a NUL byte");
  }
  if (text.starts_with("\xEF\xBB\xBF")) {
    return failure(Cause::invalid, "JSON with a byte order mark");
  }
  Builder builder;
  const bool good = json::sax_parse(text, &builder);
  if (!good || !builder.problem().empty()) {
    return failure(Cause::invalid, "JSON with " + builder.problem());
  }
  json value = builder.take();
  if (!value.is_object()) return failure(Cause::invalid, "not a JSON object");
  return value;
}

Member<std::string> read_text(const json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (!found->is_string()) return {true, std::nullopt};
  return {true, found->get_ref<const std::string&>()};
}

Member<std::int64_t> read_date(const json& object, std::string_view name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (!found->is_number_unsigned()) return {true, std::nullopt};
  const auto value = found->get<std::uint64_t>();
  if (value > static_cast<std::uint64_t>(json_date_max)) return {true, std::nullopt};
  return {true, static_cast<std::int64_t>(value)};
}

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= identifier_bytes_max &&
         std::ranges::none_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < 0x20 || byte == 0x7F;
         });
}

}  // namespace portcullis
