#include "content/remote_url.h"

#include <algorithm>

namespace portcullis {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_folded(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(),
                                                    [](char a, char b) { return a == lower(b); });
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_address_character(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

// "[v6]:port" or "name:port", in lower case.
std::optional<std::string> host_of(std::string_view authority) {
  const bool bracketed = authority.starts_with('[');
  const std::size_t host_end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && host_end == std::string_view::npos) return std::nullopt;
  const std::string_view host = authority.substr(0, bracketed ? host_end + 1 : host_end);
  std::string_view port = authority.substr(host.size());
  if (!port.empty() && (!port.starts_with(':') || !is_digits(port.substr(1)))) return std::nullopt;
  const std::string_view name = bracketed ? host.substr(1, host.size() - 2) : host;
  const auto allowed = bracketed ? is_address_character : is_host_character;
  if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) return std::nullopt;
  return std::string(host);
}

}  // namespace

bool is_data_url(std::string_view url) { return starts_with_folded(url, "data:"); }

std::optional<std::string> remote_host(std::string_view url) {
  const std::size_t scheme = starts_with_folded(url, "https://")  ? 8
                             : starts_with_folded(url, "http://") ? 7
                                                                  : 0;
  if (scheme == 0) return std::nullopt;
  std::string authority(url.substr(scheme, url.find_first_of("/?#", scheme) - scheme));
  std::transform(authority.begin(), authority.end(), authority.begin(), lower);
  auto host = host_of(authority);
  if (host && host->ends_with('.')) host->pop_back();
  if (host && host->empty()) return std::nullopt;
  return host;
}

}  // namespace portcullis
