// Check digits over decimal digits. Pure and inline, safe from any thread. Callers make sure that
// the text is digits only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portcullis::classify {

inline unsigned digit(char c) { return static_cast<unsigned>(c - '0'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_alpha(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
inline bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
inline char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
inline bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Sum of digit times weight; `weights` is as long as the part that is summed.
inline unsigned weighted_sum(std::string_view digits, std::string_view weights) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += digit(digits[i]) * digit(weights[i]);
  return sum;
}

// ISO/IEC 7812-1, annex B.
inline bool luhn(std::string_view digits) {
  constexpr std::uint8_t doubled[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
  unsigned sum = 0;
  bool twice = false;
  for (std::size_t i = digits.size(); i-- > 0; twice = !twice) {
    sum += twice ? doubled[digit(digits[i])] : digit(digits[i]);
  }
  return sum % 10 == 0;
}

// The value of `count` digits at `begin`, at most nine.
inline unsigned number_at(std::string_view digits, std::size_t begin, std::size_t count) {
  unsigned value = 0;
  for (std::size_t i = begin; i < begin + count; ++i) value = value * 10 + digit(digits[i]);
  return value;
}

}  // namespace portcullis::classify
