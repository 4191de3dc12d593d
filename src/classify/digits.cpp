#include "classify/digits.h"

#include <algorithm>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

// Kinds of separators, as bits.
constexpr std::uint8_t space = 1, dash = 2, dot = 4, slash = 8, bracket = 16, other = 32,
                       comma = 64, wrap = 128;
constexpr std::size_t separator_max = 4;  // bytes between two groups
constexpr double irregular_p_max = 0.02;  // above it, cutting numbers out of tables drowns users
constexpr std::size_t irregular_digits_min = 13;
constexpr double selective_p_max = 0.15;      // above it a number must begin or end its run
constexpr std::size_t single_digits_min = 8;  // "4 1 1 1 ...": digits spaced out one by one

std::uint8_t kind_of(char c) {
  switch (c) {
    case ' ':
    case '\t':
    case '\n':
    case '\r':
      return space;
    case '-':
      return dash;
    case '.':
      return dot;
    case '/':
      return slash;
    case '(':
    case ')':
      return bracket;
    case '[':
    case ']':
    case '{':
    case '}':
    case '<':
    case '>':
      return wrap;
    case ',':
      return comma;
    case '_':
    case '*':
    case '`':
    case '|':
    case '~':
    case '"':
    case '\'':
      return other;
  }
  return 0;
}

// Emphasis: "**536**-22-8145" is printed with a dash.
bool is_markup(char c) { return c == '*' || c == '_' || c == '`' || c == '~'; }

// The kind of a separator: spaces around another character do not count. 0: does not join.
std::uint8_t separator_kind(std::string_view between) {
  if (between.empty() || between.size() > separator_max) return 0;
  std::uint8_t kinds = 0;
  for (const char c : between) {
    const std::uint8_t kind = kind_of(c);
    if (kind == 0) return 0;
    if (!is_markup(c)) kinds |= kind;
  }
  if (kinds == 0) return other;
  // "[1111], [1111]" is a list; "[0-5]|2[0-4]" is an expression, and its digits are no number's.
  if ((kinds & wrap) != 0 && (kinds & ~(wrap | comma | space)) != 0) return 0;
  return kinds == space ? space : static_cast<std::uint8_t>(kinds & ~space);
}

std::uint8_t kinds_in(std::string_view separators) {
  std::uint8_t kinds = 0;
  for (const char c : separators) kinds |= kind_of(c);
  return kinds;
}

constexpr std::uint64_t pack(std::uint64_t packed, std::size_t group) {
  return (packed << 5) | std::min<std::size_t>(group, 31);
}

std::vector<std::uint64_t> parse_groupings(std::string_view text) {
  std::vector<std::uint64_t> all;
  std::uint64_t packed = 0;
  std::size_t group = 0;
  for (const char c : text) {
    if (is_digit(c)) group = group * 10 + digit(c);
    if (c == '-' || c == ' ') packed = pack(packed, std::exchange(group, 0));
    if (c == ' ') all.push_back(std::exchange(packed, 0));
  }
  if (group != 0) all.push_back(pack(packed, group));
  return all;
}

bool single_bit(std::uint8_t bits) { return (bits & (bits - 1)) == 0; }

}  // namespace

struct DigitFinder::Candidate {
  std::size_t first = 0;  // groups
  std::size_t last = 0;
  std::size_t size = 0;        // digits
  std::uint64_t grouping = 0;  // packed; 0 if more than twelve groups
  std::uint8_t separators = 0;
  bool singles = true;  // every group is one digit
};

void DigitFinder::add(std::size_t row, const Detector& detector, ContextGroup context) {
  Row compiled;
  compiled.row = row;
  compiled.groupings = parse_groupings(detector.groupings);
  compiled.separators = kinds_in(detector.separators);
  compiled.mixed = detector.mixed_separators;
  compiled.plus = detector.plus;
  compiled.irregular = detector.p <= irregular_p_max && detector.digits_min >= irregular_digits_min;
  compiled.selective = detector.p <= selective_p_max;
  compiled.context = context;
  compiled.luhn = detector.validator == "payment_card";
  compiled.valid = find_validator(detector.validator);
  for (std::size_t size = detector.digits_min; size <= detector.digits_max; ++size) {
    rows_.at(size).push_back(compiled);
  }
}

void DigitFinder::collect(std::string_view text) {
  groups_.clear();
  digits_.clear();
  std::size_t previous_end = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    Group group;
    group.begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    group.end = i;
    group.offset = digits_.size();
    digits_.append(text.substr(group.begin, group.size()));
    if (!groups_.empty()) {
      group.separator = separator_kind(text.substr(previous_end, group.begin - previous_end));
    }
    const std::string_view before = text.substr(0, group.begin);
    if (before.ends_with('+')) group.plus = 1;
    if (before.ends_with("+(")) group.plus = 2;
    previous_end = group.end;
    groups_.push_back(group);
  }
}

void DigitFinder::sum_digits() {
  constexpr std::uint32_t doubled[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  for (std::size_t parity = 0; parity < 2; ++parity) {
    std::vector<std::uint32_t>& sums = luhn_sums_[parity];
    sums.assign(1, 0);
    for (std::size_t i = 0; i < digits_.size(); ++i) {
      const unsigned value = digit(digits_[i]);
      sums.push_back(sums.back() + (i % 2 == parity ? doubled[value] : value));
    }
  }
}

// The last digit is not doubled, so those of the other parity are.
bool DigitFinder::passes_luhn(std::size_t offset, std::size_t size) const {
  const std::vector<std::uint32_t>& sums = luhn_sums_[(offset + size) % 2];
  return (sums[offset + size] - sums[offset]) % 10 == 0;
}

bool DigitFinder::starts_run(std::size_t group) const {
  return group >= groups_.size() || groups_[group].separator == 0;
}

void DigitFinder::scan(const Window& window, const ContextGroups& words,
                       std::vector<DigitMatch>& matches) {
  words_ = words;
  collect(window.text);
  sum_digits();
  for (std::size_t first = 0; first < groups_.size(); ++first) {
    if (groups_[first].begin < window.own_begin) continue;
    if (groups_[first].begin >= window.own_end) break;
    start_at(first, matches);
  }
}

void DigitFinder::start_at(std::size_t first, std::vector<DigitMatch>& matches) const {
  Candidate candidate;
  candidate.first = first;
  for (std::size_t last = first; last < groups_.size(); ++last) {
    const Group& group = groups_[last];
    if (last > first && group.separator == 0) return;
    candidate.size += group.size();
    if (candidate.size > digits_max) return;
    candidate.last = last;
    if (last > first) candidate.separators |= group.separator;
    candidate.singles = candidate.singles && group.size() == 1;
    candidate.grouping = last - first < 12 ? pack(candidate.grouping, group.size()) : 0;
    if (!rows_[candidate.size].empty()) judge(candidate, matches);
  }
}

// One group, a run by itself, or digits spaced out one by one.
bool DigitFinder::is_regular(const Candidate& candidate) const {
  if (candidate.first == candidate.last) return true;
  const bool starts = starts_run(candidate.first);
  const bool ends = starts_run(candidate.last + 1);
  if (starts && ends) return true;
  return candidate.singles && candidate.size >= single_digits_min &&
         (starts || groups_[candidate.first - 1].size() > 1) &&
         (ends || groups_[candidate.last + 1].size() > 1);
}

// Other numbers may stand in the run of one that has its word beside it.
bool DigitFinder::is_wanted(const Row& row, const Candidate& candidate) const {
  if (!words_.contains(row.context)) return false;
  return row.selective || starts_run(candidate.first) || starts_run(candidate.last + 1);
}

void DigitFinder::judge(const Candidate& candidate, std::vector<DigitMatch>& matches) const {
  const Group& first = groups_[candidate.first];
  const bool one = candidate.first == candidate.last;
  const bool regular = is_regular(candidate);
  const bool hopeless = candidate.singles || candidate.grouping == 0;  // printed by nobody
  const bool spaced_out = candidate.singles && candidate.size >= single_digits_min;
  if (!regular && hopeless && !spaced_out && first.plus == 0 &&
      candidate.size < irregular_digits_min) {
    return;
  }
  const bool fraction = one && first.separator == dot && candidate.first > 0 &&
                        groups_[candidate.first - 1].end + 1 == first.begin;
  const bool uniform = !one && single_bit(candidate.separators);
  const std::string_view digits = std::string_view(digits_).substr(first.offset, candidate.size);
  for (const Row& row : rows_[candidate.size]) {
    if (row.plus && first.plus == 0) continue;
    const bool printed =
        row.plus || (!one && !candidate.singles && (candidate.separators & ~row.separators) == 0 &&
                     (row.mixed || uniform) &&
                     std::find(row.groupings.begin(), row.groupings.end(), candidate.grouping) !=
                         row.groupings.end());
    const bool cut_out = !printed && !regular;
    if (cut_out && !row.irregular && !is_wanted(row, candidate)) continue;
    if (row.luhn && !passes_luhn(first.offset, candidate.size)) continue;
    if (row.valid != nullptr && !row.valid(digits)) continue;
    const std::size_t begin = first.begin - (row.plus ? first.plus : 0);
    matches.push_back({row.row, begin, groups_[candidate.last].end, printed, cut_out || fraction,
                       cut_out && !row.irregular});
  }
}

}  // namespace portcullis::classify
