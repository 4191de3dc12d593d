#include "config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace portcullis {
namespace {

constexpr std::size_t host_bytes_max = 253;
constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t path_bytes_max = 1024;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<int> parse_number(std::string_view text, int max) {
  int value = 0;
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > max) {
    return std::nullopt;
  }
  return value;
}

using AddressBytes = std::vector<std::uint8_t>;

std::optional<AddressBytes> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  const bool six = text.find(':') != std::string_view::npos;
  AddressBytes bytes(six ? 16 : 4);
  if (inet_pton(six ? AF_INET6 : AF_INET, terminated.c_str(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return bytes;
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > host_bytes_max) return false;
  std::size_t label = 0;
  char last = '.';
  for (const char c : host) {
    if (c == '.' ? last == '.' || last == '-' : !is_alphanumeric(c) && c != '-' && c != '_') {
      return false;
    }
    if (c == '-' && last == '.') return false;
    label = c == '.' ? 0 : label + 1;
    if (label > label_bytes_max) return false;
    last = c;
  }
  return last != '.' && last != '-';
}

// A name of digits and dots alone would be an address that inet_pton refused, e.g. 127.1.
bool is_numeric_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

struct HostPort {
  std::string_view host;
  std::optional<std::string_view> port;
  bool bracketed = false;
};

std::optional<HostPort> split_authority(std::string_view text) {
  HostPort out;
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    out.bracketed = true;
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    out.host = text.substr(0, end);
  }
  if (end == text.size()) return out;
  if (text[end] != ':') return std::nullopt;
  out.port = text.substr(end + 1);
  return out;
}

bool acceptable_host(const HostPort& parts) {
  const bool has_colon = parts.host.find(':') != std::string_view::npos;
  if (parts.bracketed) return has_colon && parse_address(parts.host).has_value();
  if (is_numeric_name(parts.host)) return parse_address(parts.host).has_value();
  return is_host_name(parts.host);
}

// The characters of RFC 3986's segments that need no encoding, and no segment that moves.
bool is_plain_path(std::string_view path) {
  if (path.size() > path_bytes_max || !path.starts_with('/')) return false;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    const bool last = end == path.size();
    if ((segment.empty() && !last) || segment == "." || segment == "..") return false;
    for (const char c : segment) {
      if (!is_alphanumeric(c) &&
          std::string_view("-._~!$&'()+,;=:@").find(c) == std::string::npos) {
        return false;
      }
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text) {
  HttpUrl url;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
    url.scheme = Scheme::http;
    url.port = 80;
  } else {
    return failure(Cause::invalid, "expected a URL that begins with https:// or http://");
  }
  if (text.find_first_of("?#@") != std::string_view::npos) {
    return failure(Cause::invalid, "expected a URL without user, query and fragment");
  }
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto parts = split_authority(text.substr(0, slash));
  if (!parts || !acceptable_host(*parts)) {
    return failure(Cause::invalid, "expected a host name, an IPv4 address or a bracketed IPv6 one");
  }
  if (parts->port) {
    const auto port = parse_number(*parts->port, 65535);
    if (!port || *port == 0) return failure(Cause::invalid, "expected a port from 1 to 65535");
    url.port = static_cast<std::uint16_t>(*port);
  }
  url.host.resize(parts->host.size());
  std::transform(parts->host.begin(), parts->host.end(), url.host.begin(), lower);
  std::string_view path = text.substr(slash);
  if (!path.empty() && !is_plain_path(path)) {
    return failure(Cause::invalid, "expected a base path of plain segments");
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  url.base_path = std::string(path);
  return url;
}

bool is_loopback(const HttpUrl& url) {
  if (url.host == "localhost") return true;
  const auto address = parse_address(url.host);
  if (!address) return false;
  if (address->size() == 4) return address->front() == 127;
  return std::all_of(address->begin(), address->end() - 1, [](auto b) { return b == 0; }) &&
         address->back() == 1;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto parts = split_authority(text);
  if (!parts || !parts->port || !parse_address(parts->host) ||
      parts->bracketed != (parts->host.find(':') != std::string_view::npos)) {
    return failure(Cause::invalid, "expected ADDRESS:PORT, e.g. 127.0.0.1:8080 or [::1]:8080");
  }
  const auto port = parse_number(*parts->port, 65535);
  if (!port) return failure(Cause::invalid, "expected a port from 0 to 65535");
  return ListenAddress{std::string(parts->host), static_cast<std::uint16_t>(*port)};
}

Result<void> check_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  if (!address)
    return failure(Cause::invalid, "expected an IP address or a network, e.g. 10.0.0.0/8");
  if (slash == text.size()) return {};
  const auto bits = static_cast<int>(address->size() * 8);
  const auto prefix = parse_number(text.substr(slash + 1), bits);
  if (!prefix) {
    return failure(Cause::invalid, "expected a prefix length from 0 to " + std::to_string(bits));
  }
  for (int bit = *prefix; bit < bits; ++bit) {
    const std::uint8_t byte = (*address)[static_cast<std::size_t>(bit / 8)];
    if ((byte >> (7 - bit % 8) & 1) != 0) {
      return failure(Cause::invalid, "has bits behind the prefix: write the network's own address");
    }
  }
  return {};
}

Result<void> check_origin(std::string_view text) {
  const auto url = parse_http_url(text);
  if (!url) return failure(Cause::invalid, "expected an exact origin: " + url.error().message);
  const bool standard_port = text.ends_with(url->scheme == Scheme::https ? ":443" : ":80");
  const bool upper = std::any_of(text.begin(), text.end(), [](char c) { return c != lower(c); });
  if (text.find('/', text.find("//") + 2) != std::string_view::npos || standard_port || upper) {
    return failure(Cause::invalid,
                   "expected an exact origin: scheme://host[:port] in lower case, without a path "
                   "and without the scheme's own port");
  }
  return {};
}

Result<void> check_path_pattern(std::string_view text) {
  std::string_view path = text;
  if (path.ends_with("/*")) path.remove_suffix(1);
  if (is_plain_path(path)) return {};
  return failure(Cause::invalid,
                 "expected a path such as /v1/chat/completions, or a prefix such as /v1/*");
}

}  // namespace portcullis
