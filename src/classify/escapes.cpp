#include "classify/escapes.h"

#include <algorithm>
#include <optional>

#include "classify/checksums.h"
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
constexpr Entity entities[] = {{"&amp;", '&'},    {"&lt;", '<'},     {"&gt;", '>'},
                               {"&quot;", '"'},   {"&nbsp;", ' '},   {"&shy;", 0xad},
                               {"&num;", '#'},    {"&percnt;", '%'}, {"&commat;", '@'},
                               {"&period;", '.'}, {"&hyphen;", '-'}, {"&lowbar;", '_'}};

std::optional<char32_t> number(std::string_view text, unsigned base) {
  if (text.empty() || text.size() > 8) return std::nullopt;
  char32_t value = 0;
  for (const char c : text) {
    const char upper = to_upper(c);
    if (!is_digit(c) && (base != 16 || upper < 'A' || upper > 'F')) return std::nullopt;
    value = value * base + (is_digit(c) ? digit(c) : static_cast<unsigned>(upper - 'A' + 10));
  }
  const bool scalar = value != 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return scalar ? std::optional(value) : std::nullopt;
}

std::optional<Escape> fixed(std::string_view text, std::size_t prefix, std::size_t digits) {
  if (text.size() < prefix + digits) return std::nullopt;
  const auto value = number(text.substr(prefix, digits), 16);
  if (!value) return std::nullopt;
  return Escape{*value, prefix + digits, digits == 2};
}

std::optional<Escape> reference(std::string_view text) {
  if (text.starts_with("&#")) {
    const bool hex = text.size() > 2 && to_upper(text[2]) == 'X';
    const std::size_t begin = hex ? 3 : 2;
    std::size_t end = begin;
    while (end < text.size() && end < begin + 8 && is_alnum(text[end])) ++end;
    const auto value = number(text.substr(begin, end - begin), hex ? 16 : 10);
    if (!value) return std::nullopt;
    return Escape{*value, end + (end < text.size() && text[end] == ';' ? 1u : 0u), false};
  }
  for (const Entity& entity : entities) {
    if (text.starts_with(entity.name)) return Escape{entity.code, entity.name.size(), false};
  }
  return std::nullopt;
}

std::optional<Escape> escape_at(std::string_view text) {
  if (text[0] == '%') return fixed(text, 1, 2);
  if (text[0] == '&') return reference(text);
  if (text.starts_with("\\u{")) {
    const std::size_t close = text.substr(0, 12).find('}');
    if (close == std::string_view::npos) return std::nullopt;
    const auto value = number(text.substr(3, close - 3), 16);
    return value ? std::optional(Escape{*value, close + 1, false}) : std::nullopt;
  }
  if (text.starts_with("\\u")) return fixed(text, 2, 4);
  if (text.starts_with("\\x")) return fixed(text, 2, 2);
  return std::nullopt;
}

Unescaped one_level(std::string_view text, std::size_t bytes_max) {
  Unescaped out;
  // Copying waits for the first escape: most texts with a '%' have none.
  const auto find = [&](std::size_t from) {
    for (std::size_t at = from; at < text.size(); ++at) {
      const bool starts = text[at] == '%' || text[at] == '&' || text[at] == '\\';
      if (starts && escape_at(text.substr(at))) return at;
    }
    return text.size();
  };
  std::size_t escape = find(0);
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
      escape = find(at + size);
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

Unescaped unescape(std::string_view text, std::size_t bytes_max) {
  Unescaped all = one_level(text, bytes_max);
  for (int level = 1; level < escape_levels_max && all.changed; ++level) {
    Unescaped next = one_level(all.text, bytes_max);
    if (!next.changed) break;
    for (std::size_t i = 0; i < next.text.size(); ++i) {
      next.begins[i] = all.begins[next.begins[i]];
      next.ends[i] = all.ends[next.ends[i] - 1];
    }
    next.cut |= all.cut;
    all = std::move(next);
  }
  return all;
}

}  // namespace portcullis::classify
