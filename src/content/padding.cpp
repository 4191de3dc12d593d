#include "content/padding.h"

#include <algorithm>
#include <cstdint>

namespace portcullis {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
// Controls, combining marks, default-ignorable code points (Unicode 15); sorted.
constexpr Range padding[] = {
    {0x0000, 0x0008},   {0x000b, 0x000c},   {0x000e, 0x001f},  {0x007f, 0x0084}, {0x0086, 0x009f},
    {0x00ad, 0x00ad},   {0x0300, 0x036f},   {0x0483, 0x0489},  {0x061c, 0x061c}, {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x1ab0, 0x1aff},  {0x1dc0, 0x1dff}, {0x200b, 0x200f},
    {0x202a, 0x202e},   {0x2060, 0x206f},   {0x20d0, 0x20ff},  {0x302e, 0x302f}, {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0}, {0xfff0, 0xfff8},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

bool continues_character(char c) { return (static_cast<std::uint8_t>(c) & 0xc0) == 0x80; }

std::string_view character_at(std::string_view text, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < text.size() && continues_character(text[end])) ++end;
  return text.substr(begin, end - begin);
}

char32_t code_of(std::string_view character) {
  const auto lead = static_cast<std::uint8_t>(character[0]);
  if (lead < 0x80) return lead;
  char32_t code = lead & (0x7fu >> character.size());
  for (const char c : character.substr(1))
    code = (code << 6) | (static_cast<std::uint8_t>(c) & 0x3f);
  return code;
}

bool is_padding(std::string_view character) {
  const char32_t code = code_of(character);
  const Range* const range =
      std::lower_bound(std::begin(padding), std::end(padding), code,
                       [](const Range& entry, char32_t wanted) { return entry.last < wanted; });
  return range != std::end(padding) && range->first <= code;
}

}  // namespace

std::size_t prefix_end(std::string_view text, std::size_t bytes) {
  std::size_t end = 0;
  for (std::size_t counted = 0; end < text.size() && counted < bytes;) {
    const std::string_view character = character_at(text, end);
    if (!is_padding(character)) counted += character.size();
    end += character.size();
  }
  return end;
}

std::size_t suffix_begin(std::string_view text, std::size_t bytes) {
  std::size_t begin = text.size();
  for (std::size_t counted = 0; begin > 0 && counted < bytes;) {
    const std::size_t end = begin--;
    while (begin > 0 && continues_character(text[begin])) --begin;
    if (!is_padding(text.substr(begin, end - begin))) counted += end - begin;
  }
  return begin;
}

void append_without_padding(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = character_at(text, at);
    if (!is_padding(character)) out.append(character);
    at += character.size();
  }
}

}  // namespace portcullis
