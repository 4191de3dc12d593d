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
constexpr std::string_view end_line = "-----END ";
constexpr std::string_view dashes = "-----";

bool is_token_char(char c) { return is_alnum(c) || c == '_' || c == '-'; }

std::size_t token_end(std::string_view text, std::size_t begin) {
  const std::size_t limit = std::min(text.size(), begin + extent_bytes_max);
  while (begin < limit && is_token_char(text[begin])) ++begin;
  return begin;
}

std::size_t alone(std::string_view text, std::size_t begin, std::size_t end) {
  const bool before = begin > 0 && is_alnum(text[begin - 1]);
  const bool after = end < text.size() && is_alnum(text[end]);
  return before || after ? 0 : end;
}

// ISO 13616: grouped by four with spaces, or written without; the country knows the length.
std::size_t iban_end(std::string_view text, std::size_t begin) {
  if (begin > 0 && is_alnum(text[begin - 1])) return 0;
  const char country[] = {to_upper(text[begin]), to_upper(text[begin + 1])};
  std::size_t left = iban_length({country, 2});
  if (left == 0) return 0;
  std::size_t at = begin;
  std::size_t skipped = 0;
  for (; at < text.size() && left > 0; ++at) {
    if (is_alnum(text[at])) {
      --left;
      skipped = 0;
    } else if (std::string_view(" -.\t\r\n").find(text[at]) == std::string_view::npos ||
               ++skipped > 2) {
      return 0;
    }
  }
  return left == 0 && (at == text.size() || !is_alnum(text[at])) ? at : 0;
}

bool is_jwt_header(std::string_view segment) {
  const auto bytes = from_base64url(segment);
  if (!bytes) return false;
  const std::string_view json = as_text(*bytes);
  return json.starts_with('{') && json.ends_with('}') && json.find("\"alg\"") != json.npos;
}

std::size_t jwt_end(std::string_view text, std::size_t begin) {
  const std::size_t header =
      token_end(text.substr(0, std::min(text.size(), begin + jwt_header_max)), begin);
  if (header >= text.size() || text[header] != '.') return 0;
  const std::size_t payload = token_end(text, header + 1);
  if (payload < header + 1 + jwt_payload_min) return 0;
  if (!is_jwt_header(text.substr(begin, header - begin))) return 0;
  return payload < text.size() && text[payload] == '.' ? token_end(text, payload + 1) : payload;
}

bool is_key_char(char c) {
  return is_alnum(c) || std::string_view("+/=\\-:,. \r\n").find(c) != std::string_view::npos;
}

// Up to and with the END line; without one, as far as base64 lines reach.
std::size_t private_key_end(std::string_view text, std::size_t end) {
  const std::string_view body = text.substr(0, std::min(text.size(), end + extent_bytes_max));
  const std::size_t next = body.find(dashes, end);
  if (next == std::string_view::npos) {
    while (end < body.size() && is_key_char(body[end])) ++end;
    return end;
  }
  if (next + end_line.size() > body.size()) return body.size();
  if (!body.substr(next).starts_with(end_line)) return next;
  const std::size_t closing = body.find(dashes, next + end_line.size());
  return closing == std::string_view::npos ? next + end_line.size() : closing + dashes.size();
}

}  // namespace

std::size_t extent_end(Extent extent, std::string_view text, std::size_t begin, std::size_t end) {
  switch (extent) {
    case Extent::match:
      return alone(text, begin, end);
    case Extent::prefixed:
      return end;
    case Extent::token:
      return token_end(text, end);
    case Extent::iban:
      return iban_end(text, begin);
    case Extent::jwt:
      return jwt_end(text, begin);
    case Extent::private_key:
      return private_key_end(text, end);
  }
  return 0;
}

std::size_t continued_end(Extent extent, std::string_view text, std::size_t end) {
  switch (extent) {
    case Extent::match:
    case Extent::prefixed:
    case Extent::iban:
      return end;
    case Extent::token:
    case Extent::jwt:
      end = token_end(text, end);
      return end + 1 < text.size() && text[end] == '.' ? token_end(text, end + 1) : end;
    case Extent::private_key:
      return private_key_end(text, end);
  }
  return end;
}

}  // namespace portcullis::classify
