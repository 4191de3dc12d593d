#include "config/reader.h"

#include <algorithm>
#include <filesystem>

#include "config/units.h"

namespace portcullis {
namespace {

constexpr std::size_t text_bytes_max = 4096;

std::string without_indices(std::string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == ']') inside = false;
    if (!inside) out += c;
    if (c == '[') inside = true;
  }
  return out;
}

std::string render(KeyKind kind, std::int64_t value) {
  if (kind == KeyKind::duration) return format_duration(std::chrono::milliseconds(value));
  if (kind == KeyKind::bytes) return format_bytes(static_cast<std::uint64_t>(value));
  return std::to_string(value);
}

std::string render(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return "[" + out + "]";
}

std::optional<std::int64_t> parse(KeyKind kind, const std::string& text) {
  if (kind == KeyKind::bytes) {
    const auto bytes = parse_bytes(text);
    if (!bytes) return std::nullopt;
    return static_cast<std::int64_t>(*bytes);
  }
  const auto duration = parse_duration(text);
  if (!duration) return std::nullopt;
  return duration->count();
}

std::string_view noun(KeyKind kind) {
  return kind == KeyKind::bytes ? "a size with its unit (B, KiB, MiB, GiB)"
                                : "a duration with its unit (ms, s, m, h, d)";
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string quoted_list(std::span<const std::string_view> choices) {
  std::string out;
  for (const std::string_view choice : choices) {
    out += (out.empty() ? "" : ", ") + std::string(choice);
  }
  return out;
}

}  // namespace

std::string indexed(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Position Positions::find(std::string_view path) const {
  while (!path.empty()) {
    if (const auto found = known_.find(path); found != known_.end()) return found->second;
    const std::size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return {};
}

Section::Section(const YamlNode* node, std::string path, Reading& reading)
    : node_(node), path_(std::move(path)), reading_(&reading) {
  if (node_ == nullptr || node_->kind == YamlNode::Kind::mapping) return;
  reading.diagnostics.error(node_->position,
                            (path_.empty() ? "the file" : path_) + ": expected a mapping of keys");
  node_ = nullptr;
}

std::string Section::full(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Section::error(std::string_view key, const std::string& message) {
  const std::string path = full(key);
  reading_->diagnostics.error(reading_->positions.find(path), path + ": " + message);
}

const YamlNode* Section::take(std::string_view key, KeyFacts facts) {
  known_.push_back(key);
  const std::string path = full(key);
  const YamlNode* node = node_ == nullptr ? nullptr : node_->find(key);
  facts.path = without_indices(path);
  facts.present = node != nullptr;
  facts.value = facts.initial;
  if (node != nullptr) reading_->positions.set(path, node->position);
  if (node == nullptr && facts.need == Need::required) error(key, "missing");
  reading_->keys.push_back(std::move(facts));
  return node;
}

std::optional<std::string> Section::checked_text(std::string_view key, const YamlNode& node) {
  std::optional<std::string> text = read_string(node, reading_->diagnostics);
  if (!text) return std::nullopt;
  if (text->size() > text_bytes_max) {
    error(key, "longer than " + std::to_string(text_bytes_max) + " bytes");
    return std::nullopt;
  }
  if (has_control_character(*text)) {
    error(key, "control characters are not accepted");
    return std::nullopt;
  }
  return text;
}

void Section::text(std::string_view key, std::string& out, Need need) {
  const YamlNode* node = take(key, {.kind = KeyKind::text, .need = need, .initial = out});
  if (node == nullptr) return;
  auto text = checked_text(key, *node);
  if (!text) return;
  if (text->empty() && need == Need::required) error(key, "must not be empty");
  out = std::move(*text);
  facts().value = out;
}

void Section::optional_text(std::string_view key, std::optional<std::string>& out) {
  std::string value = out.value_or("");
  text(key, value);
  if (!value.empty()) out = std::move(value);
}

void Section::file_path(std::string_view key, std::string& out, Need need) {
  text(key, out, need);
  if (!out.empty()) out = (std::filesystem::path(reading_->directory) / out).lexically_normal();
}

void Section::choice(std::string_view key, std::string& out,
                     std::span<const std::string_view> choices) {
  KeyFacts known{.kind = KeyKind::text, .initial = out};
  known.choices.assign(choices.begin(), choices.end());
  const YamlNode* node = take(key, std::move(known));
  if (node == nullptr) return;
  const auto text = checked_text(key, *node);
  if (!text) return;
  if (std::find(choices.begin(), choices.end(), *text) != choices.end()) {
    out = *text;
    facts().value = out;
    return;
  }
  std::string message =
      "expected one of " + quoted_list(choices) + ", found " + quote_for_message(*text);
  const auto near = nearest(*text, {choices.begin(), choices.end()});
  if (!near.empty()) message += ", did you mean \"" + std::string(near) + "\"?";
  error(key, message);
}

void Section::flag(std::string_view key, bool& out) {
  const YamlNode* node = take(key, {.kind = KeyKind::flag, .initial = out ? "true" : "false"});
  if (node == nullptr) return;
  out = read_bool(*node, reading_->diagnostics).value_or(out);
  facts().value = out ? "true" : "false";
}

void Section::texts(std::string_view key, std::vector<std::string>& out, Need need) {
  const YamlNode* node = take(key, {.kind = KeyKind::texts, .need = need, .initial = render(out)});
  if (node == nullptr) return;
  auto read = read_strings(*node, reading_->diagnostics);
  if (!read) return;
  for (std::size_t i = 0; i < read->size(); ++i) {
    const std::string item = indexed(key, i);
    reading_->positions.set(full(item), node->items[i].position);
    if (!checked_text(item, node->items[i])) return;
    if (read->at(i).empty()) error(item, "must not be empty");
  }
  out = std::move(*read);
  facts().value = render(out);
  if (out.empty() && need == Need::required) error(key, "must not be empty");
}

std::int64_t Section::number(std::string_view key, KeyKind kind, std::int64_t initial,
                             Bounds bounds) {
  const YamlNode* node = take(
      key, {.kind = kind, .initial = render(kind, initial), .min = bounds.min, .max = bounds.max});
  if (node == nullptr) return initial;
  std::optional<std::int64_t> value;
  if (kind == KeyKind::count) {
    value = read_integer(*node, bounds.min, bounds.max, reading_->diagnostics);
    if (!value) return initial;
  } else {
    const auto text = checked_text(key, *node);
    if (!text) return initial;
    value = parse(kind, *text);
    if (!value || *value < bounds.min || *value > bounds.max || *value % bounds.unit != 0) {
      error(key, "expected " + std::string(noun(kind)) + " from " + render(kind, bounds.min) +
                     " to " + render(kind, bounds.max) +
                     (bounds.unit > 1 ? ", in whole seconds" : "") + ", found " +
                     quote_for_message(*text));
      return initial;
    }
  }
  facts().value = render(kind, *value);
  return *value;
}

Section Section::section(std::string_view key) {
  const YamlNode* node = take(key, {.kind = KeyKind::mapping});
  return Section(node, full(key), *reading_);
}

std::optional<Section> Section::optional_section(std::string_view key) {
  const YamlNode* node = take(key, {.kind = KeyKind::mapping});
  if (node == nullptr && reading_->purpose == Reading::Purpose::load) return std::nullopt;
  return Section(node, full(key), *reading_);
}

std::vector<Section> Section::items(std::string_view key, Need need) {
  std::vector<Section> out;
  const YamlNode* node = take(key, {.kind = KeyKind::list, .need = need});
  if (node == nullptr && reading_->purpose == Reading::Purpose::describe) {
    out.emplace_back(nullptr, full(key) + "[0]", *reading_);
  }
  if (node == nullptr) return out;
  if (node->kind != YamlNode::Kind::sequence) {
    error(key, "expected a sequence of mappings");
    return out;
  }
  if (node->items.empty() && need == Need::required) error(key, "expected at least one entry");
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    std::string path = indexed(full(key), i);
    reading_->positions.set(path, node->items[i].position);
    out.emplace_back(&node->items[i], std::move(path), *reading_);
  }
  return out;
}

bool Section::is_scalar(std::string_view key) const {
  return has(key) && node_->find(key)->kind == YamlNode::Kind::scalar;
}

void Section::refuse(std::string_view key, const std::string& message) {
  known_.push_back(key);
  reading_->positions.set(full(key), node_->find(key)->position);
  error(key, message);
}

void Section::finish() {
  if (node_ != nullptr) refuse_unknown_keys(*node_, known_, reading_->diagnostics);
}

}  // namespace portcullis
