// Context words: which of many words stand where in a text, in one pass (Aho-Corasick).
//
// Every word belongs to a group; a detector names its group. All occurrences are reported,
// overlapping ones too; how near a word stands to a value is arithmetic on offsets. Letters match
// without case; '_', '-', '.', '/' and white space are one and the same separator; a word counts
// only between boundaries (no letter or digit directly beside it; a trailing plural "s" is fine).
//
// Thread-safety: immutable after construction. Errors: more states than `states_max` or groups
// than `groups_max` abort, so callers bound their words (see fits()).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis::classify {

using ContextGroup = std::uint16_t;
inline constexpr ContextGroup no_context = 0xffff;

struct ContextWord {
  std::string word;  // ASCII
  ContextGroup group = no_context;
};

// A set of groups.
class ContextGroups {
 public:
  void clear() { bits_.fill(0); }
  void insert(ContextGroup group) { bits_[group / 64] |= std::uint64_t{1} << (group % 64); }
  void insert(const ContextGroups& groups) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= groups.bits_[i];
  }
  bool contains(ContextGroup group) const {
    return group < groups_max && ((bits_[group / 64] >> (group % 64)) & 1) != 0;
  }
  static constexpr std::size_t groups_max = 320;  // built in and custom together

 private:
  std::array<std::uint64_t, groups_max / 64> bits_{};
};

struct ContextHit {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  ContextGroup group = no_context;
};

class ContextWords {
 public:
  static constexpr std::size_t states_max = 60000;
  static bool fits(const std::vector<ContextWord>& words);
  explicit ContextWords(const std::vector<ContextWord>& words);

  // Appends the hits in `text`, ordered by end.
  void find(std::string_view text, std::vector<ContextHit>& hits) const;
  std::size_t longest() const { return longest_; }

 private:
  static constexpr std::size_t symbols = 38;
  using State = std::uint16_t;
  struct Node {
    State fail = 0;
    State output = 0;         // the nearest state on the fail chain that ends a word, 0 if none
    std::uint32_t first = 0;  // this state's own words: ends_[first, first + count)
    std::uint16_t count = 0;
  };
  struct End {
    std::uint16_t size;
    ContextGroup group;
  };

  State insert(std::string_view word);
  void link();
  void report(std::string_view text, std::size_t end, State state,
              std::vector<ContextHit>& hits) const;

  std::vector<State> next_;  // states x symbols
  std::vector<Node> nodes_;
  std::vector<End> ends_;
  std::size_t longest_ = 0;
};

// A member name as words: "customerSsn" and "customer_ssn" both become "customer ssn".
std::string words_of(std::string_view name);

}  // namespace portcullis::classify
