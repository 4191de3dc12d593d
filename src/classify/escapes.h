// Escapes undone: percent (RFC 3986), HTML character references, \uXXXX and \xXX, level by level,
// with a map back to the bytes that were written. What writes an escape may itself need folding.
//
// Pure, safe from any thread. Linear; a result beyond `bytes_max` is cut and says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/types.h"

namespace portcullis::classify {

struct Unescaped {
  std::string text;
  std::vector<std::uint32_t> begins;  // of each byte: where what it came from begins and ends
  std::vector<std::uint32_t> ends;
  bool changed = false;  // at least one escape was undone
  bool cut = false;

  ByteRange in_original(ByteRange range) const {  // not empty
    return {begins[range.begin], ends[range.end - 1]};
  }
  // Maps to what `before` maps to, whose text this one was made of.
  void follow(const Unescaped& before);
};

inline constexpr std::size_t unescaped_bytes_max = 4u << 20;
inline constexpr int escape_levels_max = 3;

// Whether folded text holds an escape: most texts with a '%' have none.
bool has_escape(std::string_view text);

// One level; `text` is empty if nothing changed.
Unescaped unescape(std::string_view text, std::size_t bytes_max = unescaped_bytes_max);

// A short text, folded, with all levels undone; without a map.
std::string unescape_all(std::string_view text);

}  // namespace portcullis::classify
