// How far a value reaches beyond what its pattern matched, and whether it stands alone.
//
// Pure functions, safe from any thread. Work is bounded: no more than `extent_bytes_max` bytes are
// looked at.
#pragma once

#include <cstddef>
#include <string_view>

#include "classify/detector.h"

namespace portcullis::classify {

inline constexpr std::size_t extent_bytes_max = 16384;

struct Reach {
  std::size_t end = 0;   // of the value, 0 if it is none
  std::size_t next = 0;  // of none: no value of this extent starts before here
};

// `text[begin, end)` is the match, not empty.
Reach reach_of(Extent extent, std::string_view text, std::size_t begin, std::size_t end);

// Where a value that reaches the end of its window goes on to in the original text.
std::size_t continued_end(Extent extent, std::string_view text, std::size_t end);

}  // namespace portcullis::classify
