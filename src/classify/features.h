// A quick look at a text: which engines could find anything in it at all.
//
// Pure, safe from any thread; one pass, about a nanosecond a byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace portcullis::classify {

struct Features {
  std::uint32_t digits = 0;   // how many
  std::uint32_t longest = 0;  // run of characters that tokens are made of
  bool at = false;            // '@'
  bool assigns = false;       // '=' or ':'
  bool dash = false;
  bool escapes = false;  // '%', '&' or a backslash
};

Features look_at(std::string_view text);

}  // namespace portcullis::classify
