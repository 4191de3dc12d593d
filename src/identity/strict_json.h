// JSON from outside (JOSE headers, claims, key sets), read so that it can mean only one thing.
//
// nlohmann/json keeps the last of two members with one name, takes a NUL for the end of the input
// and skips a byte order mark; two parsers could then see two tokens in the same bytes. All three
// are refused here, as is anything after the value, invalid UTF-8, and more depth or values than
// the limits.
//
// Pure functions, safe from any thread. Errors name the defect, never a part of the text.
// Standard: RFC 8259; RFC 7515 section 4 (unique header parameter names), RFC 7519 section 4.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/result.h"

namespace portcullis {

inline constexpr int json_depth_max = 16;
inline constexpr std::size_t json_values_max = 16384;  // scalars, arrays and objects together
inline constexpr std::int64_t json_date_max = 253'402'300'799;  // 9999-12-31T23:59:59Z

// The text must be one object, complete and alone.
Result<nlohmann::json> parse_strict_object(std::string_view text);

// Reads of one member. Absent and of another type are told apart: `present` is then true and the
// value empty.
template <class T>
struct Member {
  bool present = false;
  std::optional<T> value;
};
Member<std::string> read_text(const nlohmann::json& object, std::string_view name);
// A NumericDate (RFC 7519 section 2), an integer from 0 to json_date_max. Fractions and exponents
// are refused although the RFC allows them: no issuer needs them, and a double is not a time.
Member<std::int64_t> read_date(const nlohmann::json& object, std::string_view name);

// Identifiers end up in records and in log lines: 1 to 512 bytes without control characters.
bool is_identifier(std::string_view text);

}  // namespace portcullis
