// How far a value reaches beyond what its pattern matched, and whether it stands alone.
//
// Pure functions, safe from any thread. Work is bounded: no more than `extent_bytes_max` bytes are
// looked at, but for a private key, which is looked at once.
#pragma once

#include <cstddef>
#include <string_view>

#include "classify/detector.h"

namespace portcullis::classify {

inline constexpr std::size_t extent_bytes_max = 16384;

struct Reach {
  std::size_t end = 0;   // of the value, 0 if it is none
  std::size_t next = 0;  // of none: no value of this extent starts before here
  std::size_t seen = 0;  // how far the text was read, if farther
};

// `text[begin, end)` is the match, not empty.
Reach reach_of(Extent extent, std::string_view text, std::size_t begin, std::size_t end);

// The end of a private key whose BEGIN line ends at `begin`: that of its END line, or that of the
// text. A key in an unknown form must not go on behind its replacement.
std::size_t private_key_end(std::string_view text, std::size_t begin);

// Where a value that reaches the end of its window goes on to in the original text.
std::size_t continued_end(Extent extent, std::string_view text, std::size_t end);

}  // namespace portcullis::classify
