#include "content/json_text.h"

#include <cstring>

namespace portcullis {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four hexadecimal digits at `at`.
std::optional<std::uint32_t> code_unit(std::string_view raw, std::size_t at) {
  if (raw.size() < at + 4) return std::nullopt;
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = hex_digit(raw[at + i]);
    if (digit < 0) return std::nullopt;
    unit = unit << 4 | static_cast<std::uint32_t>(digit);
  }
  return unit;
}

struct Escape {
  std::size_t raw_size = 0;
  std::size_t value_size = 0;
  std::uint32_t code_point = 0;
};

std::size_t utf8_size(std::uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

std::optional<Escape> unicode_escape(std::string_view raw, std::size_t at) {
  const auto first = code_unit(raw, at + 2);
  if (!first) return std::nullopt;
  if (*first < 0xd800 || *first > 0xdfff) return Escape{6, utf8_size(*first), *first};
  if (*first > 0xdbff || raw.substr(at + 6, 2) != "\\u") return std::nullopt;
  const auto second = code_unit(raw, at + 8);
  if (!second || *second < 0xdc00 || *second > 0xdfff) return std::nullopt;
  return Escape{12, 4, 0x10000 + ((*first - 0xd800) << 10 | (*second - 0xdc00))};
}

// The escape whose backslash is at `at`.
std::optional<Escape> escape_at(std::string_view raw, std::size_t at) {
  if (at + 1 >= raw.size()) return std::nullopt;
  switch (raw[at + 1]) {
    case '"':
      return Escape{2, 1, '"'};
    case '\\':
      return Escape{2, 1, '\\'};
    case '/':
      return Escape{2, 1, '/'};
    case 'b':
      return Escape{2, 1, '\b'};
    case 'f':
      return Escape{2, 1, '\f'};
    case 'n':
      return Escape{2, 1, '\n'};
    case 'r':
      return Escape{2, 1, '\r'};
    case 't':
      return Escape{2, 1, '\t'};
    case 'u':
      return unicode_escape(raw, at);
  }
  return std::nullopt;
}

char* put_utf8(std::uint32_t c, char* out) {
  const auto tail = [](std::uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); };
  switch (utf8_size(c)) {
    case 1:
      *out++ = static_cast<char>(c);
      return out;
    case 2:
      *out++ = static_cast<char>(0xc0 | c >> 6);
      break;
    case 3:
      *out++ = static_cast<char>(0xe0 | c >> 12);
      *out++ = tail(c >> 6);
      break;
    case 4:
      *out++ = static_cast<char>(0xf0 | c >> 18);
      *out++ = tail(c >> 12);
      *out++ = tail(c >> 6);
      break;
  }
  *out++ = tail(c);
  return out;
}

// The distance from `at` to the next backslash, at most `limit`.
std::size_t plain_run(std::string_view raw, std::size_t at, std::size_t limit) {
  const void* found = std::memchr(raw.data() + at, '\\', limit);
  if (found == nullptr) return limit;
  return static_cast<std::size_t>(static_cast<const char*>(found) - (raw.data() + at));
}

struct Folded {
  char c;
  std::size_t size;
};
Folded fold_at(std::string_view name, std::size_t at) {
  const char c = name[at];
  if (c >= 'A' && c <= 'Z') return {static_cast<char>(c - 'A' + 'a'), 1};
  if (name.substr(at, 2) == "\xc5\xbf") return {'s', 2};
  if (name.substr(at, 3) == "\xe2\x84\xaa") return {'k', 3};
  return {c, 1};
}

std::size_t skip_digits(std::string_view lexeme, std::size_t at) {
  while (at < lexeme.size() && lexeme[at] >= '0' && lexeme[at] <= '9') ++at;
  return at;
}

}  // namespace

std::optional<std::size_t> unescape_json(std::string_view raw, char* out) {
  char* const begin = out;
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t run = plain_run(raw, at, raw.size() - at);
    std::memcpy(out, raw.data() + at, run);
    out += run;
    at += run;
    if (at == raw.size()) break;
    const auto escape = escape_at(raw, at);
    if (!escape) return std::nullopt;
    out = put_utf8(escape->code_point, out);
    at += escape->raw_size;
  }
  return static_cast<std::size_t>(out - begin);
}

std::optional<std::string> unescape_json(std::string_view raw) {
  std::string out(raw.size(), '\0');
  const auto size = unescape_json(raw, out.data());
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

std::string escape_json(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

bool advance(std::string_view raw, std::size_t value, JsonCursor& cursor) {
  while (cursor.value < value) {
    if (cursor.raw >= raw.size()) return false;
    const std::size_t limit = std::min(raw.size() - cursor.raw, value - cursor.value);
    const std::size_t run = plain_run(raw, cursor.raw, limit);
    cursor.raw += run;
    cursor.value += run;
    if (run == limit) continue;
    const auto escape = escape_at(raw, cursor.raw);
    if (!escape || cursor.value + escape->value_size > value) return false;
    cursor.raw += escape->raw_size;
    cursor.value += escape->value_size;
  }
  return cursor.value == value;
}

std::uint64_t folded_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t at = 0; at < name.size();) {
    const Folded next = fold_at(name, at);
    hash = (hash ^ static_cast<std::uint8_t>(next.c)) * 0x100000001b3;
    at += next.size;
  }
  return hash;
}

std::string folded(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const Folded next = fold_at(name, at);
    out += next.c;
    at += next.size;
  }
  return out;
}

bool is_json_number(std::string_view lexeme) {
  std::size_t at = lexeme.starts_with('-') ? 1 : 0;
  const std::size_t integer = at;
  at = skip_digits(lexeme, at);
  if (at == integer || (lexeme[integer] == '0' && at > integer + 1)) return false;
  if (at < lexeme.size() && lexeme[at] == '.') {
    const std::size_t fraction = ++at;
    at = skip_digits(lexeme, at);
    if (at == fraction) return false;
  }
  if (at < lexeme.size() && (lexeme[at] == 'e' || lexeme[at] == 'E')) {
    ++at;
    if (at < lexeme.size() && (lexeme[at] == '+' || lexeme[at] == '-')) ++at;
    const std::size_t exponent = at;
    at = skip_digits(lexeme, at);
    if (at == exponent) return false;
  }
  return at == lexeme.size();
}

}  // namespace portcullis
