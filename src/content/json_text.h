// JSON strings as bytes: unescaping, escaping, and where a byte of the one stands in the other.
//
// Pure functions, safe from any thread. "Raw" is what stands between the quotes. Standard: RFC 8259
// section 7; a surrogate that has no partner is refused, because readers disagree about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

// Writes the unescaped bytes to `out`, which has room for raw.size() of them; returns how many.
// nullopt: not a well-formed escape.
std::optional<std::size_t> unescape_json(std::string_view raw, char* out);
std::optional<std::string> unescape_json(std::string_view raw);

// Appends `text` as it must stand between quotes; only what must be escaped is.
std::string escape_json(std::string_view text);

// A position in a raw string and the one that it has after unescaping.
struct JsonCursor {
  std::size_t raw = 0;
  std::size_t value = 0;
};
// Moves `cursor` forward in the well-formed `raw` until its value position is `value`. False: the
// position is beyond the end, or within what one escape stands for.
bool advance(std::string_view raw, std::size_t value, JsonCursor& cursor);

// Member names as lenient readers compare them: without regard to ASCII case, and with the two
// other characters that fold to ASCII letters (U+017F to s, U+212A to k: Go's encoding/json).
std::uint64_t folded_hash(std::string_view name);
std::string folded(std::string_view name);

// Whether `lexeme` is a number by the grammar of RFC 8259 section 6.
bool is_json_number(std::string_view lexeme);

}  // namespace portcullis
