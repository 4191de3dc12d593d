// Candidates that consist of digits: every way in which neighbouring digit groups can be one
// number.
//
// A pattern cannot do this: in "12 4111 1111 1111 1111" it takes the longest match, fails the check
// and misses the card. Here every run of groups up to 19 digits is a candidate, each checked
// against the rows of its length; the cost is bounded by 19 candidates a group.
//
// Confined to one thread. Lifetimes: a candidate views the finder and dies at the next scan().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "classify/context.h"
#include "classify/detector.h"
#include "classify/fold.h"
#include "classify/validators.h"

namespace portcullis::classify {

struct DigitMatch {
  std::size_t row = 0;    // as given to add()
  std::size_t begin = 0;  // in the window's text
  std::size_t end = 0;
  bool grouped = false;
  bool irregular = false;
  bool needs_context = false;  // cut out of a longer run: nothing unless a word says what it is
};

class DigitFinder {
 public:
  // `row` is the caller's number for this detector, `context` the group of its words.
  void add(std::size_t row, const Detector& detector, ContextGroup context);
  // Appends what validates and starts in the window's own part, ordered by begin. `words` are the
  // groups of the words anywhere around: without its word a row is not looked for everywhere.
  void scan(const Window& window, const ContextGroups& words, std::vector<DigitMatch>& matches);

 private:
  static constexpr std::size_t digits_max = 19;
  struct Row {
    std::size_t row = 0;
    std::vector<std::uint64_t> groupings;
    std::uint8_t separators = 0;
    bool mixed = false;
    bool plus = false;
    bool luhn = false;       // the validator includes it: a cheap first question
    bool irregular = false;  // unlikely enough by chance to be cut out of a longer run
    bool selective = false;  // with a context word, random digits are rarely one
    ContextGroup context = no_context;
    Validator valid = nullptr;
  };
  struct Group {
    std::size_t begin = 0;  // in the window's text
    std::size_t end = 0;
    std::size_t offset = 0;      // in digits_
    std::uint8_t separator = 0;  // what stands before it; 0: nothing that joins
    std::uint8_t plus = 0;       // bytes before begin back to a leading plus sign
    std::size_t size() const { return end - begin; }
  };
  struct Candidate;

  void collect(std::string_view text);
  void sum_digits();
  void start_at(std::size_t first, std::vector<DigitMatch>& matches) const;
  void judge(const Candidate& candidate, std::vector<DigitMatch>& matches) const;
  bool is_regular(const Candidate& candidate) const;
  bool passes_luhn(std::size_t offset, std::size_t size) const;
  bool is_wanted(const Row& row, const Candidate& candidate) const;
  bool starts_run(std::size_t group) const;

  std::array<std::vector<Row>, digits_max + 1> rows_;  // by the number of digits
  ContextGroups words_;
  std::vector<Group> groups_;
  std::string digits_;  // of all groups
  // Luhn sums of the digits before each, with those at even (odd) offsets doubled.
  std::array<std::vector<std::uint32_t>, 2> luhn_sums_;
};

}  // namespace portcullis::classify
