#include "classify/features.h"

#include <algorithm>
#include <array>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

constexpr std::uint8_t is_number = 1, is_at = 2, is_sign = 4, is_dash = 8, is_escape = 16,
                       is_token = 32;

constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<std::uint8_t>(c)] = is_number | is_token;
  for (char c = 'a'; c <= 'z'; ++c) {
    table[static_cast<std::uint8_t>(c)] = table[static_cast<std::uint8_t>(c - 'a' + 'A')] =
        is_token;
  }
  for (const char c : std::string_view("_./+~")) table[static_cast<std::uint8_t>(c)] = is_token;
  table['-'] = is_dash | is_token;
  table['='] = is_sign | is_token;
  table[':'] = is_sign;
  table['@'] = is_at;
  table['%'] = table['&'] = table['\\'] = is_escape;
  return table;
}
constexpr std::array<std::uint8_t, 256> kinds = make_table();

}  // namespace

Features look_at(std::string_view text) {
  Features features;
  std::uint8_t seen = 0;
  std::uint32_t run = 0;
  for (const char c : text) {
    const std::uint8_t kind = kinds[static_cast<std::uint8_t>(c)];
    seen |= kind;
    features.digits += kind & is_number;
    run = (kind & is_token) != 0 ? run + 1 : 0;
    features.longest = std::max(features.longest, run);
  }
  features.at = (seen & is_at) != 0;
  features.assigns = (seen & is_sign) != 0;
  features.dash = (seen & is_dash) != 0;
  features.escapes = (seen & is_escape) != 0;
  return features;
}

}  // namespace portcullis::classify
