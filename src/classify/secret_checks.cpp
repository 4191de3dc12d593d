#include "classify/secret_checks.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

constexpr std::string_view base62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

constexpr std::string_view placeholders[] = {
    "changeme", "change_me",   "example",  "password", "passwort",  "placeholder", "redacted",
    "secret",   "your",        "yourpass", "username", "undefined", "required",    "optional",
    "string",   "test",        "none",     "null",     "nullptr",   "true",        "false",
    "dummy",    "replace_me",  "not set",  "hidden",   "masked",    "removed",     "here",
    "*****",    "process.env", "os.env",   "getenv",   "env[",      "secrets.",    "config.",
    "self.",    "this.",       "request.", "args.",    "input(",    "get("};

bool starts_like_reference(std::string_view value) {
  constexpr std::string_view starts[] = {"${", "{{", "<", "$(", "%("};
  return std::any_of(std::begin(starts), std::end(starts),
                     [&](std::string_view start) { return value.starts_with(start); });
}

}  // namespace

bool github_crc32(std::string_view token) {
  const std::size_t prefix = token.find('_');
  if (prefix == std::string_view::npos || token.size() != prefix + 37) return false;
  const std::string_view random = token.substr(prefix + 1, 30);
  std::uint32_t crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(random.data()), static_cast<uInt>(random.size())));
  std::array<char, 6> expected{};
  for (std::size_t i = expected.size(); i-- > 0; crc /= 62) expected[i] = base62[crc % 62];
  return token.substr(prefix + 31) == std::string_view(expected.data(), expected.size());
}

double entropy(std::string_view value) {
  if (value.empty()) return 0;
  std::array<std::uint32_t, 256> counts{};
  for (const char c : value) ++counts[static_cast<std::uint8_t>(c)];
  double bits = 0;
  for (const std::uint32_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(value.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

int character_kinds(std::string_view value) {
  bool lower = false, upper = false, number = false, other = false;
  for (const char c : value) {
    (is_digit(c) ? number : is_upper(c) ? upper : is_alpha(c) ? lower : other) = true;
  }
  return lower + upper + number + other;
}

bool random_looking(std::string_view value) {
  if (value.size() < 16 || character_kinds(value) < 2) return false;
  return entropy(value) >= 3.0 && !is_placeholder(value);
}

bool is_placeholder(std::string_view value) {
  if (value.empty() || starts_like_reference(value)) return true;
  if (value.find_first_not_of(value.front()) == std::string_view::npos) return true;
  std::string lower(value.substr(0, 64));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(std::begin(placeholders), std::end(placeholders), [&](std::string_view word) {
    if (lower.front() != word.front() || !lower.starts_with(word)) return false;
    return lower.size() == word.size() ||
           (word.size() >= 5 && std::none_of(lower.begin(), lower.end(), is_digit));
  });
}

}  // namespace portcullis::classify
