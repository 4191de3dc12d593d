// Appends JSON to a string, in the order in which it is told, without an intermediate tree.
//
// Ten times faster than building and dumping a tree, and the member order is the caller's: records
// need both. Confined to one thread; the string must outlive the writer. What is appended must be
// valid UTF-8 and no part of the string itself.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace portcullis {

// Appends `text` with quotes and the escapes of RFC 8259 section 7 (shortest form; non-ASCII
// verbatim).
void append_json_string(std::string& out, std::string_view text);

// The name of a member as it is written, made and judged when the program is compiled: half of what
// a record consists of.
class JsonName {
 public:
  template <std::size_t size>  // NOLINTNEXTLINE(google-explicit-constructor): a literal is a name
  consteval JsonName(const char (&name)[size]) : size_(size + 3) {
    if (size > 32) throw "a longer name than there is room for";
    char* to = text_.data();
    *to++ = ',';
    *to++ = '"';
    for (const char c : std::string_view(name, size - 1)) {
      if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) throw "a name that needs an escape";
      *to++ = c;
    }
    *to++ = '"';
    *to++ = ':';
  }
  std::string_view first() const { return after_another().substr(1); }
  std::string_view after_another() const { return {text_.data(), size_}; }

 private:
  std::array<char, 36> text_{};
  std::size_t size_;
};

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& name(const JsonName& member);      // then exactly one value
  JsonWriter& name_of(std::string_view member);  // the same, of a name that is not a constant
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& boolean(bool value);
  JsonWriter& hex(std::span<const std::uint8_t> value);  // as a string
  JsonWriter& raw(std::string_view json);                // one complete JSON value
  JsonWriter& strings(std::span<const std::string> values);

  // name + value in one call
  JsonWriter& string(const JsonName& member, std::string_view value) {
    return name(member).string(value);
  }
  JsonWriter& integer(const JsonName& member, std::int64_t value) {
    return name(member).integer(value);
  }
  JsonWriter& boolean(const JsonName& member, bool value) { return name(member).boolean(value); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool comma_ = false;  // a value stands before the next one at this level
};

}  // namespace portcullis
