// Bitsets over rules and over data classes, of a size that is known only when a policy is loaded.
//
// Two forms: Bits, owned by the compiled policy, and ScratchBits, a working copy on the stack that
// allocates only beyond its inline words. Confined to one thread while changed. INVARIANT: bits
// past the size are zero; both sides of an operation have the same number of words.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace portcullis::policy {

using Word = std::uint64_t;
inline constexpr std::size_t word_bits = 64;
inline std::size_t words_for(std::size_t bits) { return (bits + word_bits - 1) / word_bits; }

inline bool test(std::span<const Word> bits, std::size_t i) {
  return (bits[i / word_bits] >> (i % word_bits) & 1) != 0;
}
inline void set(std::span<Word> bits, std::size_t i) {
  bits[i / word_bits] |= Word{1} << (i % word_bits);
}
inline void clear(std::span<Word> bits, std::size_t i) {
  bits[i / word_bits] &= ~(Word{1} << (i % word_bits));
}
inline void add(std::span<Word> bits, std::span<const Word> other) {
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] |= other[i];
}
inline void keep(std::span<Word> bits, std::span<const Word> other) {
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= other[i];
}
inline void remove(std::span<Word> bits, std::span<const Word> other) {
  for (std::size_t i = 0; i < bits.size(); ++i) bits[i] &= ~other[i];
}
inline bool any(std::span<const Word> bits) {
  return std::ranges::any_of(bits, [](Word word) { return word != 0; });
}
inline bool intersects(std::span<const Word> a, std::span<const Word> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if ((a[i] & b[i]) != 0) return true;
  }
  return false;
}
inline bool contains(std::span<const Word> outer, std::span<const Word> inner) {
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if ((inner[i] & ~outer[i]) != 0) return false;
  }
  return true;
}

// Calls `visit(index)` for each set bit, in order.
template <class Visit>
void for_each(std::span<const Word> bits, Visit visit) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    for (Word word = bits[i]; word != 0; word &= word - 1) {
      visit(i * word_bits + static_cast<std::size_t>(std::countr_zero(word)));
    }
  }
}

using Bits = std::vector<Word>;

class ScratchBits {
 public:
  explicit ScratchBits(std::size_t words) : words_(words) {
    if (words > inline_words) heap_.resize(words);
  }
  explicit ScratchBits(std::span<const Word> other) : ScratchBits(other.size()) {
    std::ranges::copy(other, span().begin());
  }
  std::span<Word> span() { return {heap_.empty() ? inline_.data() : heap_.data(), words_}; }
  std::span<const Word> span() const {
    return {heap_.empty() ? inline_.data() : heap_.data(), words_};
  }

 private:
  static constexpr std::size_t inline_words = 8;  // 512 rules, or classes
  std::size_t words_;
  std::array<Word, inline_words> inline_{};
  std::vector<Word> heap_;
};

}  // namespace portcullis::policy
