#include "classify/email.h"

#include <algorithm>
#include <string>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

constexpr std::size_t local_max = 64;
constexpr std::size_t domain_max = 255;

// What stands after a dot in names of files and code, and is no top-level domain.
constexpr std::string_view not_domains[] = {
    "bmp", "class", "conf", "cpp", "css", "csv", "gif", "html",  "jpeg", "jpg",      "js",  "json",
    "jsx", "log",   "pdf",  "php", "png", "svg", "tmp", "toml",  "ts",   "tsx",      "txt", "webp",
    "xml", "yaml",  "yml",  "ini", "lua", "hpp", "vue", "local", "lan",  "localhost"};

bool is_local(char c) {
  // A non-ASCII byte is part of an internationalised local part (RFC 6531).
  return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("._%+-'&=~!#$*/?^`{|}").find(c) != std::string_view::npos;
}

bool is_domain(char c) {
  return is_alnum(c) || c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_top_level(std::string_view label) {
  if (label.size() < 2 || label.size() > 24) return false;
  if (label.starts_with("xn--")) return true;
  const auto letter = [](char c) { return is_alpha(c) || static_cast<unsigned char>(c) >= 0x80; };
  if (!std::all_of(label.begin(), label.end(), letter)) return false;
  std::string lower(label);
  for (char& c : lower) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(std::begin(not_domains), std::end(not_domains), lower) == std::end(not_domains);
}

bool is_host(std::string_view domain) {
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.front() == '-') return false;
  return domain.find("..") == std::string_view::npos && domain.front() != '.' &&
         is_top_level(domain.substr(dot + 1));
}

}  // namespace

std::optional<ByteRange> find_email(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < local_max && is_local(text[begin - 1])) --begin;
  // What cannot start a mailbox belongs to the text around it: quotes, brackets, "mailto=".
  while (begin < at && !is_alnum(text[begin]) && static_cast<unsigned char>(text[begin]) < 0x80) {
    ++begin;
  }
  std::size_t end = at + 1;
  while (end < text.size() && end - at <= domain_max && is_domain(text[end])) ++end;
  while (end > at + 1 && !is_alnum(text[end - 1]) &&
         static_cast<unsigned char>(text[end - 1]) < 0x80) {
    --end;
  }
  const std::string_view local = text.substr(begin, at - begin);
  if (local.empty() || local.back() == '.' || !is_host(text.substr(at + 1, end - at - 1))) {
    return std::nullopt;
  }
  const bool is_git_remote = local == "git" && end < text.size() && text[end] == ':';
  if (is_git_remote) return std::nullopt;
  return ByteRange{begin, end};
}

}  // namespace portcullis::classify
