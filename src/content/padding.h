// Characters that may be written between those of a value without being seen: classification drops
// them, so they must not fill the window in which a value is looked for.
//
// Pure, safe from any thread. Well-formed UTF-8 only. The common ones: marks of single scripts are
// left out, as they are part of how these are written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portcullis {

// The end of the shortest prefix, and the begin of the shortest suffix, that holds `bytes` bytes
// besides padding.
std::size_t prefix_end(std::string_view text, std::size_t bytes);
std::size_t suffix_begin(std::string_view text, std::size_t bytes);

void append_without_padding(std::string& out, std::string_view text);

}  // namespace portcullis
