#include <algorithm>
#include <array>
#include <charconv>

#include "base/yaml.h"

namespace portcullis {
namespace {

constexpr std::size_t diagnostics_max = 1000;
constexpr std::size_t shown_bytes_max = 60;
constexpr std::size_t distance_max = 2;

std::string_view kind_name(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::scalar:
      return "a scalar";
    case YamlNode::Kind::mapping:
      return "a mapping";
    case YamlNode::Kind::sequence:
      return "a sequence";
    case YamlNode::Kind::null:
      return "nothing";
  }
  return "nothing";
}

std::string found(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::scalar) return ", found " + quote_for_message(node.text);
  return ", found " + std::string(kind_name(node));
}

// Levenshtein; the caller has bounded both lengths.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

bool canonical_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string Diagnostic::text() const {
  std::string out = file;
  if (position.line > 0) {
    out += ':' + std::to_string(position.line) + ':' + std::to_string(position.column);
  }
  return out + ": " + (warning ? "warning: " : "") + message;
}

void Diagnostics::error(Position position, std::string message) {
  errors_ = true;
  add(position, std::move(message), Severity::error);
}

void Diagnostics::warning(Position position, std::string message) {
  add(position, std::move(message), Severity::warning);
}

void Diagnostics::add(Position position, std::string message, Severity severity) {
  if (all_.size() > diagnostics_max) return;
  if (all_.size() == diagnostics_max) {
    message = "further problems are not shown";
    position = {};
    severity = Severity::error;
    errors_ = true;
  }
  all_.push_back({file_, position, std::move(message), severity == Severity::warning});
}

bool Diagnostics::failed() const { return errors_; }

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : pairs) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string quote_for_message(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, shown_bytes_max)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  // Not in the middle of a UTF-8 sequence.
  if (text.size() > shown_bytes_max) {
    while ((static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    if (static_cast<unsigned char>(out.back()) >= 0xC0) out.pop_back();
    out += "...";
  }
  return out + '"';
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = distance_max + 1;
  for (const std::string_view candidate : known) {
    const std::size_t shorter = std::min(word.size(), candidate.size());
    const std::size_t longer = std::max(word.size(), candidate.size());
    if (longer - shorter > distance_max || shorter <= distance_max) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

void refuse_unknown_keys(const YamlNode& mapping, std::initializer_list<std::string_view> known,
                         Diagnostics& diagnostics) {
  refuse_unknown_keys(mapping, std::vector<std::string_view>(known), diagnostics);
}

void refuse_unknown_keys(const YamlNode& mapping, const std::vector<std::string_view>& known,
                         Diagnostics& diagnostics) {
  if (mapping.kind != YamlNode::Kind::mapping) {
    diagnostics.error(mapping.position, "expected a mapping" + found(mapping));
    return;
  }
  for (const auto& [key, value] : mapping.pairs) {
    if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
    std::string message = "unknown key " + quote_for_message(key.text);
    if (const std::string_view near = nearest(key.text, known); !near.empty()) {
      message += ", did you mean \"" + std::string(near) + "\"?";
    }
    diagnostics.error(key.position, std::move(message));
  }
}

std::optional<std::string> read_string(const YamlNode& node, Diagnostics& diagnostics) {
  if (node.kind == YamlNode::Kind::scalar) return node.text;
  diagnostics.error(node.position, "expected a string" + found(node));
  return std::nullopt;
}

std::optional<bool> read_bool(const YamlNode& node, Diagnostics& diagnostics) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  diagnostics.error(node.position, "expected true or false" + found(node));
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(const YamlNode& node, std::int64_t min, std::int64_t max,
                                         Diagnostics& diagnostics) {
  if (node.kind == YamlNode::Kind::scalar && !node.quoted && canonical_decimal(node.text)) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
    if (error == std::errc() && value >= min && value <= max) return value;
  }
  diagnostics.error(node.position, "expected an integer from " + std::to_string(min) + " to " +
                                       std::to_string(max) + found(node));
  return std::nullopt;
}

std::optional<std::vector<std::string>> read_strings(const YamlNode& node,
                                                     Diagnostics& diagnostics) {
  if (node.kind != YamlNode::Kind::sequence) {
    diagnostics.error(node.position, "expected a sequence of strings" + found(node));
    return std::nullopt;
  }
  std::vector<std::string> out;
  bool good = true;
  for (const YamlNode& item : node.items) {
    std::optional<std::string> text = read_string(item, diagnostics);
    good = good && text.has_value();
    if (text) out.push_back(std::move(*text));
  }
  if (!good) return std::nullopt;
  return out;
}

}  // namespace portcullis
