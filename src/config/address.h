// Addresses in a configuration: URLs, host:port, networks, origins. Strict and without look-ups.
//
// Standards: RFC 3986 (the http and https subset without user, query and fragment), RFC 4632 and
// RFC 4291 (networks), RFC 6454 (origins).
// Pure functions, safe from any thread. Errors: a Result with one sentence of what is wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.h"
#include "portcullis/result.h"

namespace portcullis {

enum class Scheme : std::uint8_t { http, https };

struct HttpUrl {
  Scheme scheme = Scheme::https;
  std::string host;  // lower case; an IPv6 address without its brackets
  std::uint16_t port = 443;
  std::string base_path;  // empty, or "/x/y" without a slash at the end
};

// "https://host[:port][/base/path]". Host is a DNS name, an IPv4 address or a bracketed IPv6 one.
Result<HttpUrl> parse_http_url(std::string_view text);
// 127.0.0.0/8, ::1 or localhost.
bool is_loopback(const HttpUrl& url);

// "127.0.0.1:8080" or "[::1]:8080": an address, not a name, and a port from 0 to 65535.
Result<ListenAddress> parse_listen_address(std::string_view text);

// An address, or a network in CIDR notation whose host bits are zero.
Result<void> check_network(std::string_view text);

// "https://app.example.com[:port]" exactly as a browser sends it.
Result<void> check_origin(std::string_view text);

// "/v1/*": a prefix that ends in a whole segment; or an exact path. Nothing that needs decoding.
Result<void> check_path_pattern(std::string_view text);

}  // namespace portcullis
