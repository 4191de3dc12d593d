// Reads one mapping of the configuration into a struct and remembers every key that it asked for.
//
// What was asked for is what is known: refusing the rest, the commented default file, and the JSON
// Schema for editors all follow from the reading itself and cannot fall behind it. A value that is
// absent or wrong leaves the struct's default; each wrong one is a Diagnostic.
//
// Thread-safety: none, one load is one thread. Lifetimes: a Section refers to its YamlNode and its
// Reading, which must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"

namespace portcullis {

enum class KeyKind : std::uint8_t { text, flag, count, bytes, duration, texts, mapping, list };

enum class Need : std::uint8_t { optional, required };

// A key that the configuration knows. `path` is "routes[].upstream": no indices.
struct KeyFacts {
  std::string path;
  KeyKind kind = KeyKind::text;
  Need need = Need::optional;
  bool present = false;
  std::string initial;  // the value before reading, as it would be written
  std::string value;    // and after
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string> choices;
};

// Where each key that is present stands; "routes[2].upstream", with indices.
class Positions {
 public:
  void set(const std::string& path, Position position) { known_[path] = position; }
  // Of the path, or of the nearest mapping above it that is present.
  Position find(std::string_view path) const;

 private:
  std::map<std::string, Position, std::less<>> known_;
};

// What one load collects.
struct Reading {
  enum class Purpose : std::uint8_t { load, describe };  // describe: visit absent sections as well

  Diagnostics& diagnostics;
  std::string directory;  // of the file; relative paths start here
  Purpose purpose = Purpose::load;
  Positions positions = {};
  std::vector<KeyFacts> keys = {};
};

// "list[3]"
std::string indexed(std::string_view list, std::size_t index);

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

class Section {
 public:
  // `node`: nullptr if the section is absent.
  Section(const YamlNode* node, std::string path, Reading& reading);
  Section(Section&&) = default;
  ~Section() = default;

  const std::string& path() const { return path_; }
  bool has(std::string_view key) const { return node_ != nullptr && node_->find(key) != nullptr; }

  bool is_scalar(std::string_view key) const;

  void text(std::string_view key, std::string& out, Need need = Need::optional);
  void optional_text(std::string_view key, std::optional<std::string>& out);
  void file_path(std::string_view key, std::string& out, Need need = Need::optional);
  void choice(std::string_view key, std::string& out, std::span<const std::string_view> choices);
  void flag(std::string_view key, bool& out);
  void texts(std::string_view key, std::vector<std::string>& out, Need need = Need::optional);

  template <class T>
  void count(std::string_view key, T& out, Range range) {
    out = static_cast<T>(number(key, KeyKind::count, static_cast<std::int64_t>(out), range));
  }
  template <class T>
  void bytes(std::string_view key, T& out, Range range) {
    out = static_cast<T>(number(key, KeyKind::bytes, static_cast<std::int64_t>(out), range));
  }
  // The range is in D's own unit, and so must be the value.
  template <class D>
  void duration(std::string_view key, D& out, Range range) {
    constexpr std::int64_t unit = std::chrono::milliseconds(D(1)).count();
    const std::int64_t value = number(key, KeyKind::duration, out.count() * unit,
                                      {range.min * unit, range.max * unit, unit});
    out = D(value / unit);
  }

  // A mapping below; absent: all its keys keep their defaults.
  Section section(std::string_view key);
  // As section(), but nullopt if it is absent.
  std::optional<Section> optional_section(std::string_view key);
  // Calls read(Section&) for each mapping of a sequence.
  template <class Read>
  void each(std::string_view key, Need need, Read read) {
    for (Section& item : items(key, need)) {
      read(item);
      item.finish();
    }
  }

  void error(std::string_view key, const std::string& message);
  // For a key that is recognised only in order to say why it is not accepted.
  void refuse(std::string_view key, const std::string& message);
  // Refuses every key that was not asked for. Call it last.
  void finish();

 private:
  struct Bounds {
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::int64_t unit = 1;
  };
  std::int64_t number(std::string_view key, KeyKind kind, std::int64_t initial, Range range) {
    return number(key, kind, initial, Bounds{range.min, range.max, 1});
  }
  std::int64_t number(std::string_view key, KeyKind kind, std::int64_t initial, Bounds bounds);
  std::vector<Section> items(std::string_view key, Need need);
  const YamlNode* take(std::string_view key, KeyFacts facts);
  std::optional<std::string> checked_text(std::string_view key, const YamlNode& node);
  std::string full(std::string_view key) const;
  KeyFacts& facts() { return reading_->keys.back(); }

  const YamlNode* node_;
  std::string path_;
  Reading* reading_;
  std::vector<std::string_view> known_;  // string literals
};

// Everything the parser knows, in its order: for documentation, tests and editors.
std::vector<KeyFacts> known_keys();

}  // namespace portcullis
