// Binary to text and back: hex (lower case), base64 and base64url (RFC 4648 section 4, section 5).
//
// Pure functions, safe from any thread. Decoders are strict: no white space, canonical trailing
// bits (RFC 4648 section 3.5), the padding exactly as each function says. They return nullopt on
// anything else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis {

using Bytes = std::vector<std::uint8_t>;

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes);
std::string hex(std::span<const std::uint8_t> bytes);
std::optional<Bytes> from_hex(std::string_view text);
// The same without an allocation: whether `text` is exactly the hex of out.size() bytes.
bool decode_hex(std::string_view text, std::span<std::uint8_t> out);

std::string base64(std::span<const std::uint8_t> bytes);     // with padding
std::optional<Bytes> from_base64(std::string_view text);     // padding required
std::string base64url(std::span<const std::uint8_t> bytes);  // without padding
std::optional<Bytes> from_base64url(std::string_view text);  // padding refused

// Well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF).
bool is_utf8(std::string_view text);
// Bytes of the one sequence at the front of `text`; 0: not well-formed.
std::size_t utf8_sequence(std::string_view text);

}  // namespace portcullis
