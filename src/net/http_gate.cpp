#include "net/http_gate.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace portcullis {
namespace {

Denial malformed(std::string detail) { return {Reason::http_malformed, std::move(detail), {}}; }

bool is_field_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte < 0x7F);
}

// Looks at all bytes whatever it finds: so a compiler can look at many together.
bool are_field_bytes(std::string_view line) {
  bool good = true;
  for (const char c : line) good &= is_field_byte(c);
  return good;
}

// RFC 3986 path and query characters, without what a second reader may read differently.
bool is_target_byte(char c) {
  constexpr std::string_view others = "/-._~!$&'()*+,=:@%?";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != others.npos;
}

// Headers whose second occurrence would mean different things to different readers.
constexpr std::array<std::string_view, 12> singletons = {"host",
                                                         "content-length",
                                                         "transfer-encoding",
                                                         "authorization",
                                                         "content-type",
                                                         "content-encoding",
                                                         "expect",
                                                         "x-api-key",
                                                         "api-key",
                                                         "portcullis-identity",
                                                         "x-goog-api-key",
                                                         "upgrade"};

// HEAD is not among them: a refusal of it would have to be an answer without its body.
constexpr std::array<std::string_view, 6> known_methods = {"GET",   "POST",   "PUT",
                                                           "PATCH", "DELETE", "OPTIONS"};

std::optional<Denial> check_singletons(const RequestHead& head) {
  for (const std::string_view name : singletons) {
    if (head.count(name) <= 1) continue;
    const bool identity =
        name == "authorization" || name.ends_with("-key") || name == "portcullis-identity";
    return Denial{identity ? Reason::token_ambiguous : Reason::http_malformed,
                  "header " + std::string(name) + " is sent more than once",
                  {}};
  }
  return std::nullopt;
}

std::optional<Denial> check_host(const RequestHead& head) {
  const std::string* host = head.find("host");
  if (host == nullptr) return malformed("header host is missing");
  constexpr std::string_view allowed = "-._:[]";
  const bool good = !host->empty() && std::all_of(host->begin(), host->end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || allowed.find(c) != allowed.npos;
  });
  if (!good) return malformed("header host is not a host and port");
  return std::nullopt;
}

std::optional<Denial> check_length(RequestHead& head, const std::string& text) {
  const bool digits =
      !text.empty() && text.size() <= 18 &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!digits) return malformed("content-length is not a number of at most 18 digits");
  std::from_chars(text.data(), text.data() + text.size(), head.content_length);
  return std::nullopt;
}

// RFC 9112 section 6: at most one of the two framings, each in its one unambiguous form.
std::optional<Denial> check_framing(RequestHead& head, unsigned version) {
  const std::string* length = head.find("content-length");
  const std::string* coding = head.find("transfer-encoding");
  if (coding != nullptr) {
    if (version != 11) return malformed("transfer-encoding on HTTP/1.0");
    if (length != nullptr) return malformed("content-length and transfer-encoding together");
    if (!equals_ignoring_case(*coding, "chunked")) {
      return malformed("transfer-encoding is not exactly \"chunked\"");
    }
    head.chunked = true;
  } else if (length != nullptr) {
    if (auto denial = check_length(head, *length)) return denial;
  } else if (head.method == "POST" || head.method == "PUT" || head.method == "PATCH") {
    return Denial{Reason::length_required, "a body needs content-length or chunked framing", {}};
  }
  if (head.has_body() && head.method == "GET") {
    return malformed("a body on " + head.method);
  }
  return std::nullopt;
}

std::optional<Denial> check_target(RequestHead& head, std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return malformed("the request target is not in origin-form");
  }
  if (!std::all_of(target.begin(), target.end(), is_target_byte)) {
    return malformed("the request target holds a character that is not allowed");
  }
  const std::size_t mark = target.find('?');
  head.path = target.substr(0, mark);
  if (mark != target.npos) head.query = target.substr(mark + 1);
  return std::nullopt;
}

std::optional<Denial> check_connection(RequestHead& head, unsigned version) {
  head.http_1_0 = version == 10;
  head.keep_alive = version == 11;
  for (const Header& header : head.headers) {
    if (header.name == "connection" && has_token(header.value, "close")) head.keep_alive = false;
  }
  if (head.find("upgrade") != nullptr) {
    return Denial{Reason::upgrade_refused, "Upgrade (WebSocket, h2c) is not supported", {}};
  }
  if (const std::string* expect = head.find("expect")) {
    if (!equals_ignoring_case(*expect, "100-continue")) {
      return Denial{Reason::expectation_failed, "the only expectation known is 100-continue", {}};
    }
    head.expects_continue = true;
  }
  return std::nullopt;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view item = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
    item.remove_suffix(item.size() - std::min(item.find_last_not_of(" \t") + 1, item.size()));
    if (equals_ignoring_case(item, token)) return true;
  }
  return false;
}

std::optional<Denial> check_raw_head(std::string_view block, const HeadLimits& limits) {
  std::size_t lines = 0;
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    if (end == block.npos) return malformed("a header line does not end in CRLF");
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end + 2);
    if (line.empty()) {
      if (lines > 0 && block.empty()) return std::nullopt;
      return malformed("an empty line within the head");
    }
    if (line.front() == ' ' || line.front() == '\t') return malformed("a folded header line");
    if (!are_field_bytes(line)) {
      return malformed("the head holds a byte that is not printable ASCII");
    }
    if (++lines > limits.fields_max + 1) {
      return Denial{Reason::header_too_large,
                    "more than " + std::to_string(limits.fields_max) +
                        " header fields (limits.header_fields_max)",
                    {}};
    }
  }
  return malformed("the head does not end in an empty line");
}

bool is_clean_answer_head(std::string_view block) {
  while (!block.empty()) {
    const std::size_t end = block.find("\r\n");
    if (end == block.npos) return false;
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end + 2);
    if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) return false;
  }
  return true;
}

std::optional<Denial> check_head(RequestHead& head, const RequestLine& line) {
  if (std::find(known_methods.begin(), known_methods.end(), head.method) == known_methods.end()) {
    return Denial{Reason::method_not_allowed, "the method is not known", {}};
  }
  if (line.version != 10 && line.version != 11) return malformed("the version is not HTTP/1.x");
  if (auto denial = check_target(head, line.target)) return denial;
  if (auto denial = check_singletons(head)) return denial;
  if (auto denial = check_host(head)) return denial;
  if (auto denial = check_connection(head, line.version)) return denial;
  return check_framing(head, line.version);
}

}  // namespace portcullis
