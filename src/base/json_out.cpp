#include "base/json_out.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/encoding.h"

namespace portcullis {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<std::uint8_t>(c);
  out += "\\u00";
  append_hex(out, {&byte, 1});
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

constexpr std::uint64_t each_byte(std::uint8_t byte) { return 0x0101010101010101u * byte; }

// The high bit of each byte that is zero (and perhaps of one after it).
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return (word - each_byte(1)) & ~word & each_byte(0x80);
}

template <class T>
std::uint64_t load(const char* from) {
  T word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

bool has_escape(std::uint64_t word) {
  const std::uint64_t control = (word - each_byte(0x20)) & ~word & each_byte(0x80);
  return (control | zero_bytes(word ^ each_byte('"')) | zero_bytes(word ^ each_byte('\\'))) != 0;
}

// Whether no byte needs an escape. Looks at eight together, the last ones twice rather than singly.
bool is_verbatim(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  if (text.size() < 4) return std::none_of(begin, end, needs_escape);
  if (text.size() < 8) {
    return !has_escape(load<std::uint32_t>(begin) << 32 | load<std::uint32_t>(end - 4));
  }
  for (const char* at = begin; end - at > 8; at += 8) {
    if (has_escape(load<std::uint64_t>(at))) return false;
  }
  return !has_escape(load<std::uint64_t>(end - 8));
}

// Room for so many bytes more.
char* extend(std::string& out, std::size_t bytes) {
  const std::size_t at = out.size();
  out.resize(at + bytes);
  return out.data() + at;
}

void append_with_escapes(std::string& out, std::string_view text) {
  out += '"';
  std::size_t verbatim = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text, verbatim, i - verbatim);
    append_escaped(out, text[i]);
    verbatim = i + 1;
  }
  out.append(text, verbatim);
  out += '"';
}

struct Around {
  bool comma = false;  // before it
  bool colon = false;  // behind it
};

void append_string(std::string& out, std::string_view text, Around around) {
  if (!is_verbatim(text)) {
    if (around.comma) out += ',';
    append_with_escapes(out, text);
    if (around.colon) out += ':';
    return;
  }
  char* to = extend(out, text.size() + 2 + (around.comma ? 1 : 0) + (around.colon ? 1 : 0));
  if (around.comma) *to++ = ',';
  *to++ = '"';
  to = std::copy(text.begin(), text.end(), to);
  *to++ = '"';
  if (around.colon) *to = ':';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) { append_string(out, text, {}); }

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::name(const JsonName& member) {
  out_ += comma_ ? member.after_another() : member.first();
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::name_of(std::string_view member) {
  append_string(out_, member, {.comma = comma_, .colon = true});
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  append_string(out_, value, {.comma = comma_});
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  separate();
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out_.append(digits, end);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::hex(std::span<const std::uint8_t> value) {
  separate();
  out_ += '"';
  append_hex(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::strings(std::span<const std::string> values) {
  begin_array();
  for (const std::string& value : values) string(value);
  return end_array();
}

}  // namespace portcullis
