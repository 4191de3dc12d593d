// What the parts of the policy parser share: the names a policy may refer to, and small readers.
//
// Used by parse*.cpp only. A Parser borrows the vocabulary and the collector: both must outlive it.
// Confined to one thread. Readers return nullopt or an empty value after reporting an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "policy/syntax.h"

namespace portcullis::policy {

inline constexpr std::size_t rules_max = 10'000;
inline constexpr std::size_t models_max = 10'000;
inline constexpr std::size_t values_max = 1'000;  // in one list
inline constexpr std::size_t name_bytes_max = 256;
inline constexpr std::size_t stars_max = 8;          // in one pattern
inline constexpr std::size_t suggestions_max = 100;  // searches for "did you mean"
inline constexpr std::size_t suggestion_words_max = 256;

// Sorted. An empty list of types or upstreams means that they are not checked.
struct Vocabulary {
  std::vector<std::string> data_classes;
  std::vector<std::string> data_types;
  std::vector<std::string> upstreams;
  std::vector<std::string> entries;  // of the model catalogue
};

// Names that a place accepts, and those that only later versions will.
struct Keys {
  std::vector<std::string_view> known;
  std::vector<std::string_view> later;
};

class Parser {
 public:
  Parser(const Vocabulary& vocabulary, Diagnostics& diagnostics)
      : vocabulary_(vocabulary), diagnostics_(diagnostics) {}

  void check_keys(const YamlNode& mapping, const Keys& keys);
  // nullptr, and an error at the mapping, if the key is absent.
  const YamlNode* require_key(const YamlNode& mapping, std::string_view key);

  // A scalar of 1 to name_bytes_max bytes without control characters.
  std::optional<std::string> name(const YamlNode& node);
  // An identifier: letters, digits, and "._-/" after the first.
  std::optional<std::string> identifier(const YamlNode& node);
  std::optional<std::int64_t> timestamp(const YamlNode& node);
  // The index of the scalar in `choices`; an error names them.
  std::optional<std::size_t> choice(const YamlNode& node, const Keys& choices);
  // The members of a sequence, sorted, without repeats, each read and checked.
  std::vector<std::string> names(const YamlNode& node);
  std::vector<std::string> data_classes(const YamlNode& node);
  // Reports `word` if `known` is sorted, not empty, and does not have it.
  void check_known(Position position, std::string_view what, std::string_view word,
                   std::span<const std::string> known);
  // `, did you mean "x"?`, or nothing. Stops searching after suggestions_max calls.
  std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

  std::optional<Rule> rule(const YamlNode& node);
  std::vector<Atom> match(const YamlNode& node);

 private:
  void rule_details(const YamlNode& node, Rule& rule);
  void effect_details(const YamlNode& node, Rule& rule);
  std::vector<std::string> obligations(const YamlNode& node);

  std::optional<Atom> attribute(const YamlNode& key);
  void condition(const Atom& subject, const YamlNode& node, std::vector<Atom>& out);
  void operation(const Atom& subject, const YamlNode& key, const YamlNode& value,
                 std::vector<Atom>& out);
  void read_values(const YamlNode& node, Atom& atom);
  void read_bound(const YamlNode& node, Atom& atom);
  void check_value(const Atom& atom, Position position, std::string_view value);

  const Vocabulary& vocabulary_;
  Diagnostics& diagnostics_;
  std::size_t suggestions_ = 0;
};

}  // namespace portcullis::policy
