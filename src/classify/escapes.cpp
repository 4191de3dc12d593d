#include "classify/escapes.h"

#include <algorithm>
#include <optional>

#include "classify/checksums.h"
#include "classify/fold.h"
#include "classify/utf8.h"

namespace portcullis::classify {
namespace {

struct Escape {
  char32_t code = 0;
  std::size_t size = 0;  // bytes that it is written with
  bool byte = false;     // one byte of UTF-8, not a code point
};

struct Entity {
  std::string_view name;
  char32_t code;
};
constexpr Entity entities[] = {{"&amp;", '&'},
                               {"&lt;", '<'},
                               {"&gt;", '>'},
                               {"&quot;", '"'},
                               {"&nbsp;", ' '},
                               {"&ensp;", ' '},
                               {"&emsp;", ' '},
                               {"&emsp13;", ' '},
                               {"&emsp14;", ' '},
                               {"&numsp;", ' '},
                               {"&puncsp;", ' '},
                               {"&thinsp;", ' '},
                               {"&hairsp;", ' '},
                               {"&Tab;", ' '},
                               {"&NewLine;", ' '},
                               {"&dash;", '-'},
                               {"&ndash;", '-'},
                               {"&mdash;", '-'},
                               {"&minus;", '-'},
                               {"&hyphen;", '-'},
                               {"&horbar;", '-'},
                               {"&shy;", 0xad},
                               {"&zwnj;", 0x200c},
                               {"&zwj;", 0x200d},
                               {"&lrm;", 0x200e},
                               {"&rlm;", 0x200f},
                               {"&NoBreak;", 0x2060},
                               {"&num;", '#'},
                               {"&percnt;", '%'},
                               {"&commat;", '@'},
                               {"&period;", '.'},
                               {"&lowbar;", '_'},
                               {"&sol;", '/'},
                               {"&ZeroWidthSpace;", 0x200b},
                               // Those that browsers take without the semicolon.
                               {"&nbsp", ' '},
                               {"&shy", 0xad},
                               {"&amp", '&'}};

constexpr char32_t code_max = 0x10ffff;
bool is_high(char32_t code) { return code >= 0xd800 && code <= 0xdbff; }
bool is_low(char32_t code) { return code >= 0xdc00 && code <= 0xdfff; }
bool is_scalar(char32_t code) { return code <= code_max && !is_high(code) && !is_low(code); }

struct Number {
  char32_t value = 0;
  std::size_t size = 0;  // digits
};

Number leading_number(std::string_view text, unsigned base) {
  Number number;
  for (const char c : text) {
    const char upper = to_upper(c);
    if (!is_digit(c) && (base != 16 || upper < 'A' || upper > 'F')) break;
    const unsigned value = is_digit(c) ? digit(c) : static_cast<unsigned>(upper - 'A' + 10);
    number.value = std::min<char32_t>(number.value * base + value, code_max + 1);
    ++number.size;
  }
  return number;
}

std::optional<Escape> fixed(std::string_view text, std::size_t prefix, std::size_t digits) {
  if (text.size() < prefix + digits) return std::nullopt;
  const Number number = leading_number(text.substr(prefix, digits), 16);
  if (number.size < digits) return std::nullopt;
  return Escape{number.value, prefix + digits, digits == 2};
}

// \uXXXX, or two of them for a character beyond the first plane.
std::optional<Escape> utf16(std::string_view text) {
  const auto first = fixed(text, 2, 4);
  if (!first || is_scalar(first->code)) return first;
  const std::string_view rest = text.substr(first->size);
  const auto second = rest.starts_with("\\u") ? fixed(rest, 2, 4) : std::nullopt;
  if (!second || !is_high(first->code) || !is_low(second->code)) return std::nullopt;
  const char32_t code = 0x10000 + ((first->code - 0xd800) << 10) + (second->code - 0xdc00);
  return Escape{code, first->size + second->size, false};
}

std::optional<Escape> in_braces(std::string_view text) {
  const Number number = leading_number(text.substr(3), 16);
  const std::size_t close = 3 + number.size;
  const bool closed = number.size > 0 && close < text.size() && text[close] == '}';
  if (!closed || !is_scalar(number.value)) return std::nullopt;
  return Escape{number.value, close + 1, false};
}

std::optional<Escape> reference(std::string_view text) {
  if (text.starts_with("&#")) {
    const bool hex = text.size() > 2 && to_upper(text[2]) == 'X';
    const std::size_t begin = hex ? 3 : 2;
    const Number number = leading_number(text.substr(begin), hex ? 16 : 10);
    if (number.size == 0 || !is_scalar(number.value)) return std::nullopt;
    const std::size_t end = begin + number.size;
    return Escape{number.value, end + (end < text.size() && text[end] == ';' ? 1u : 0u), false};
  }
  for (const Entity& entity : entities) {
    if (text.starts_with(entity.name)) return Escape{entity.code, entity.name.size(), false};
  }
  return std::nullopt;
}

std::optional<Escape> escape_at(std::string_view text) {
  if (text[0] == '%') return fixed(text, 1, 2);
  if (text[0] == '&') return reference(text);
  if (text.starts_with("\\u{")) return in_braces(text);
  if (text.starts_with("\\u")) return utf16(text);
  if (text.starts_with("\\x")) return fixed(text, 2, 2);
  return std::nullopt;
}

// The first escape from `at` on; the size of the text if there is none.
std::size_t find_escape(std::string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    const bool starts = text[at] == '%' || text[at] == '&' || text[at] == '\\';
    if (starts && escape_at(text.substr(at))) break;
  }
  return at;
}

Unescaped one_level(std::string_view text, std::size_t bytes_max) {
  Unescaped out;
  std::size_t escape = find_escape(text, 0);
  if (escape == text.size()) return out;
  out.changed = true;
  for (std::size_t at = 0; at < text.size();) {
    if (out.text.size() >= bytes_max) {
      out.cut = true;
      break;
    }
    std::size_t size = 1;
    if (at == escape) {
      const Escape found = *escape_at(text.substr(at));
      size = found.size;
      if (found.byte) {
        out.text.push_back(static_cast<char>(found.code));
      } else {
        append_utf8(out.text, found.code);
      }
      escape = find_escape(text, at + size);
    } else {
      out.text.push_back(text[at]);
    }
    out.begins.resize(out.text.size(), static_cast<std::uint32_t>(at));
    out.ends.resize(out.text.size(), static_cast<std::uint32_t>(at + size));
    at += size;
  }
  return out;
}

}  // namespace

void Unescaped::follow(const Unescaped& before) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    begins[i] = before.begins[begins[i]];
    ends[i] = before.ends[ends[i] - 1];
  }
  cut |= before.cut;
}

bool has_escape(std::string_view text) { return find_escape(text, 0) < text.size(); }

Unescaped unescape(std::string_view text, std::size_t bytes_max) {
  if (is_plain(text)) return one_level(text, bytes_max);
  FoldedText folded = fold_with_map(text, bytes_max);
  Unescaped out = one_level(folded.text, bytes_max);
  out.follow({{}, std::move(folded.begins), std::move(folded.ends), true, folded.cut});
  return out;
}

std::string unescape_all(std::string_view text) {
  std::string out = fold(text);
  for (int level = 0; level < escape_levels_max; ++level) {
    const Unescaped next = unescape(out);
    if (!next.changed) break;
    out = fold(next.text);
  }
  return out;
}

}  // namespace portcullis::classify
