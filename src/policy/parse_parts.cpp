#include "policy/parse_parts.h"

#include <algorithm>

#include "policy/timestamp.h"

namespace portcullis::policy {
namespace {

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return letter(text.front()) && std::ranges::all_of(text, [&](char c) {
           return letter(c) || c == '.' || c == '_' || c == '-' || c == '/';
         });
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

std::string later_message(std::string_view word) {
  return quote_for_message(word) + " is not known to this version of Portcullis";
}

}  // namespace

void Parser::check_keys(const YamlNode& mapping, const Keys& keys) {
  std::vector<std::string_view> all = keys.known;
  all.insert(all.end(), keys.later.begin(), keys.later.end());
  refuse_unknown_keys(mapping, all, diagnostics_);
  for (const auto& [key, value] : mapping.pairs) {
    if (std::ranges::find(keys.later, key.text) == keys.later.end()) continue;
    diagnostics_.error(key.position, later_message(key.text));
  }
}

const YamlNode* Parser::require_key(const YamlNode& mapping, std::string_view key) {
  const YamlNode* value = mapping.find(key);
  if (value == nullptr && mapping.kind == YamlNode::Kind::mapping) {
    diagnostics_.error(mapping.position, "missing key \"" + std::string(key) + '"');
  }
  return value;
}

std::optional<std::string> Parser::name(const YamlNode& node) {
  std::optional<std::string> text = read_string(node, diagnostics_);
  if (!text) return std::nullopt;
  if (text->empty() || text->size() > name_bytes_max || has_control(*text)) {
    diagnostics_.error(node.position, "expected 1 to " + std::to_string(name_bytes_max) +
                                          " bytes without control characters");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> Parser::identifier(const YamlNode& node) {
  std::optional<std::string> text = name(node);
  if (!text) return std::nullopt;
  if (!is_identifier(*text)) {
    diagnostics_.error(node.position,
                       "expected letters, digits and ._-/, beginning with a letter "
                       "or digit, found " +
                           quote_for_message(*text));
    return std::nullopt;
  }
  return text;
}

std::optional<std::int64_t> Parser::timestamp(const YamlNode& node) {
  const std::optional<std::string> text = read_string(node, diagnostics_);
  if (!text) return std::nullopt;
  const std::optional<std::int64_t> time = parse_timestamp(*text);
  if (!time) {
    diagnostics_.error(
        node.position,
        "expected a time in UTC such as 2027-01-31T18:00:00Z, found " + quote_for_message(*text));
  }
  return time;
}

std::optional<std::size_t> Parser::choice(const YamlNode& node, const Keys& choices) {
  const std::optional<std::string> text = read_string(node, diagnostics_);
  if (!text) return std::nullopt;
  const auto found = std::ranges::find(choices.known, *text);
  if (found != choices.known.end()) {
    return static_cast<std::size_t>(found - choices.known.begin());
  }
  if (std::ranges::find(choices.later, *text) != choices.later.end()) {
    diagnostics_.error(node.position,
                       later_message(*text) + ", expected one of: " + listed(choices.known));
  } else {
    diagnostics_.error(node.position, "expected one of: " + listed(choices.known) + ", found " +
                                          quote_for_message(*text));
  }
  return std::nullopt;
}

std::vector<std::string> Parser::names(const YamlNode& node) {
  std::vector<std::string> out;
  if (node.kind != YamlNode::Kind::sequence) {
    read_strings(node, diagnostics_);
    return out;
  }
  if (node.items.size() > values_max) {
    diagnostics_.error(node.position, "more than " + std::to_string(values_max) + " values");
    return out;
  }
  for (const YamlNode& item : node.items) {
    if (std::optional<std::string> text = name(item)) out.push_back(std::move(*text));
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::vector<std::string> Parser::data_classes(const YamlNode& node) {
  for (const YamlNode& item : node.items) {
    if (item.kind != YamlNode::Kind::scalar) continue;  // names() reports it
    check_known(item.position, "data class", item.text, vocabulary_.data_classes);
  }
  return names(node);
}

void Parser::check_known(Position position, std::string_view what, std::string_view word,
                         std::span<const std::string> known) {
  if (known.empty() || std::ranges::binary_search(known, word)) return;
  diagnostics_.error(position, "unknown " + std::string(what) + ' ' + quote_for_message(word) +
                                   suggestion(word, {known.begin(), known.end()}));
}

std::string Parser::suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  if (suggestions_ == suggestions_max || known.size() > suggestion_words_max) return {};
  ++suggestions_;
  const std::string_view near = nearest(word, known);
  return near.empty() ? std::string() : ", did you mean \"" + std::string(near) + "\"?";
}

}  // namespace portcullis::policy
