// One strict loader for every YAML file of the project.
//
// yaml-cpp keeps duplicate keys silently, accepts unknown keys and types scalars itself. This
// loader walks its nodes once and refuses: duplicate keys, anchors, aliases, tags, merge keys,
// several documents, NUL and byte order marks, more than `bytes_max` bytes or `depth_max` levels.
// Scalars stay text; the reader types them. Every error is a Diagnostic with file:line:column, and
// all are reported, not the first.
//
// Thread-safety: a YamlNode is a plain value. A Diagnostics collector belongs to one thread.
// Lifetime: a node owns what is below it; pointers from find() die with it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis {

struct Position {
  int line = 0;    // from 1; 0: the file as a whole
  int column = 0;  // from 1, in bytes
};

struct Diagnostic {
  std::string file;
  Position position;
  std::string message;  // what, and what was expected
  bool warning = false;
  // "file:line:column: message"
  std::string text() const;
};

class Diagnostics {
 public:
  explicit Diagnostics(std::string file) : file_(std::move(file)) {}
  void error(Position position, std::string message);
  void warning(Position position, std::string message);
  bool failed() const;  // at least one error
  const std::string& file() const { return file_; }
  const std::vector<Diagnostic>& all() const { return all_; }
  std::vector<Diagnostic> take() { return std::move(all_); }

 private:
  enum class Severity : std::uint8_t { error, warning };
  void add(Position position, std::string message, Severity severity);

  std::string file_;
  std::vector<Diagnostic> all_;  // at most 1000, then one line that says so
  bool errors_ = false;
};

struct YamlPair;

struct YamlNode {
  enum class Kind : std::uint8_t { scalar, mapping, sequence, null };
  Kind kind = Kind::null;
  Position position;
  bool quoted = false;                               // a scalar in quotes or a block scalar
  std::string text;                                  // of a scalar, verbatim
  std::vector<YamlNode> items;                       // of a sequence
  std::vector<YamlPair> pairs;                       // of a mapping, in order
  const YamlNode* find(std::string_view key) const;  // nullptr if absent or not a mapping
};

struct YamlPair {
  YamlNode key;  // a scalar
  YamlNode value;
};

struct YamlLimits {
  std::size_t bytes_max = 8u << 20;
  int depth_max = 32;
};

// Parses; errors go to `diagnostics`. The node is meaningful only if !diagnostics.failed().
YamlNode parse_yaml(std::string_view text, Diagnostics& diagnostics, const YamlLimits& limits = {});

// Reports each key of `mapping` that is not in `known`, with "did you mean" where one is near.
// Also reports when `mapping` is not a mapping at all.
void refuse_unknown_keys(const YamlNode& mapping, std::initializer_list<std::string_view> known,
                         Diagnostics& diagnostics);
void refuse_unknown_keys(const YamlNode& mapping, const std::vector<std::string_view>& known,
                         Diagnostics& diagnostics);
// `text` in quotes for an error message: shortened, control characters replaced.
std::string quote_for_message(std::string_view text);
// The nearest of `known` within an edit distance of 2; empty if there is none.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// Typed readers: nullopt, and an error in `diagnostics`, if the node is not of the type.
std::optional<std::string> read_string(const YamlNode& node, Diagnostics& diagnostics);
std::optional<bool> read_bool(const YamlNode& node, Diagnostics& diagnostics);  // true, false
// Decimal without a leading zero, within [min, max]; the error names the range.
std::optional<std::int64_t> read_integer(const YamlNode& node, std::int64_t min, std::int64_t max,
                                         Diagnostics& diagnostics);
// A sequence of strings; a single scalar is not accepted.
std::optional<std::vector<std::string>> read_strings(const YamlNode& node,
                                                     Diagnostics& diagnostics);

}  // namespace portcullis
