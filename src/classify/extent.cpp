#include "classify/extent.h"

#include <algorithm>
#include <string>

#include "base/encoding.h"
#include "classify/checksums.h"
#include "classify/validators.h"

namespace portcullis::classify {
namespace {

constexpr std::size_t jwt_header_max = 1024;
constexpr std::size_t jwt_payload_min = 4;
constexpr std::string_view begin_line = "-----BEGIN ";
constexpr std::string_view end_line = "-----END ";
constexpr std::string_view dashes = "-----";

bool is_token_char(char c) { return is_alnum(c) || c == '_' || c == '-'; }

std::size_t token_end(std::string_view text, std::size_t begin) {
  const std::size_t limit = std::min(text.size(), begin + extent_bytes_max);
  while (begin < limit && is_token_char(text[begin])) ++begin;
  return begin;
}

std::size_t credential_end(std::string_view text, std::size_t begin) {
  constexpr std::string_view others = "-._~+/=";
  const std::size_t limit = std::min(text.size(), begin + extent_bytes_max);
  while (begin < limit && (is_alnum(text[begin]) || others.find(text[begin]) != others.npos)) {
    ++begin;
  }
  return begin;
}

// Where a value may start that does not stand directly behind a letter or digit.
std::size_t next_start(std::string_view text, std::size_t begin) {
  const std::size_t limit = std::min(text.size(), begin + extent_bytes_max);
  while (begin < limit && is_alnum(text[begin])) ++begin;
  return begin;
}

Reach alone(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_alnum(text[begin - 1])) return {0, next_start(text, begin)};
  if (end < text.size() && is_alnum(text[end])) return {0, begin + 1};
  return {end, end};
}

// ISO 13616: grouped by four with spaces, or written without; the country knows the length.
std::size_t iban_end(std::string_view text, std::size_t begin) {
  const char country[] = {to_upper(text[begin]), to_upper(text[begin + 1])};
  std::size_t left = iban_length({country, 2});
  if (left == 0) return 0;
  std::size_t at = begin;
  std::size_t skipped = 0;
  for (; at < text.size() && left > 0; ++at) {
    if (is_alnum(text[at])) {
      --left;
      skipped = 0;
    } else if (std::string_view(" -./\t\r\n").find(text[at]) == std::string_view::npos ||
               ++skipped > 2) {
      return 0;
    }
  }
  return left == 0 && (at == text.size() || !is_alnum(text[at])) ? at : 0;
}

// Looks at the last byte first: it refuses most of what only starts like a header.
bool is_jwt_header(std::string_view segment) {
  const std::size_t rest = segment.size() % 4 == 0 ? 4 : segment.size() % 4;
  const auto last = from_base64url(segment.substr(segment.size() - rest));
  if (!last || last->empty() || last->back() != '}') return false;
  const auto bytes = from_base64url(segment);
  if (!bytes) return false;
  const std::string_view json = as_text(*bytes);
  return json.starts_with('{') && json.find("\"alg\"") != json.npos;
}

Reach jwt_reach(std::string_view text, std::size_t begin) {
  const std::size_t header = token_end(text, begin);
  if (header >= text.size() || text[header] != '.') return {0, header};
  // INVARIANT: every start in this run shares its end; only the last ones are near enough.
  if (header - begin > jwt_header_max) return {0, header - jwt_header_max};
  const std::size_t payload = token_end(text, header + 1);
  if (payload < header + 1 + jwt_payload_min) return {0, header};
  if (!is_jwt_header(text.substr(begin, header - begin))) return {0, begin + 1, payload};
  const bool is_signed = payload < text.size() && text[payload] == '.';
  return {is_signed ? token_end(text, payload + 1) : payload, 0};
}

}  // namespace

std::size_t private_key_end(std::string_view text, std::size_t begin) {
  for (std::size_t at = text.find(dashes, begin); at != text.npos; at = text.find(dashes, at + 1)) {
    const std::string_view line = text.substr(at);
    if (line.starts_with(begin_line)) return at;
    if (!line.starts_with(end_line)) continue;
    const std::size_t closing = line.find(dashes, end_line.size());
    return closing == line.npos ? text.size() : at + closing + dashes.size();
  }
  return text.size();
}

Reach reach_of(Extent extent, std::string_view text, std::size_t begin, std::size_t end) {
  switch (extent) {
    case Extent::match:
      return alone(text, begin, end);
    case Extent::prefixed:
      return {end, end};
    case Extent::token:
      return {token_end(text, end), end};
    case Extent::credential:
      return {credential_end(text, end), end};
    case Extent::iban:
      if (begin > 0 && is_alnum(text[begin - 1])) return {0, next_start(text, begin)};
      return {iban_end(text, begin), begin + 1};
    case Extent::jwt:
      return jwt_reach(text, begin);
    case Extent::private_key:
      return {end, end};
  }
  return {};
}

std::size_t continued_end(Extent extent, std::string_view text, std::size_t end) {
  switch (extent) {
    case Extent::match:
    case Extent::prefixed:
    case Extent::iban:
    case Extent::private_key:
      return end;
    case Extent::credential:
      return credential_end(text, end);
    case Extent::token:
    case Extent::jwt:
      end = token_end(text, end);
      return end + 1 < text.size() && text[end] == '.' ? token_end(text, end + 1) : end;
  }
  return end;
}

}  // namespace portcullis::classify
