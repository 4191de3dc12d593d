#include "identity/profiles.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "identity/strict_json.h"

namespace portcullis {
namespace {

using enum Sign::Match;

// A Keycloak session belongs to a person who logged in. The host and the address of the client are
// noted only by its client credentials grant.
constexpr std::array<Sign, 1> keycloak_person = {{{"sid", nonempty_string}}};
constexpr std::array<Sign, 3> keycloak_service = {{
    {"preferred_username", prefix, "service-account-"},
    {"clientHost", present},
    {"clientAddress", present},
}};

constexpr std::array<ProfileRow, 2> profiles = {{
    {IdentityProfile::generic, "generic", "sub", "", "", {}, {}},
    {IdentityProfile::keycloak, "keycloak", "sub", "typ", "Bearer", keycloak_person,
     keycloak_service},
}};

bool matches(const nlohmann::json& claims, const Sign& sign) {
  const auto value = read_text(claims, sign.claim);
  switch (sign.match) {
    case present:
      return value.present;
    case nonempty_string:
      return value.value && !value.value->empty();
    case prefix:
      return value.value && value.value->starts_with(sign.text);
  }
  return false;
}

}  // namespace

const ProfileRow& profile_row(IdentityProfile profile) {
  return *std::ranges::find(profiles, profile, &ProfileRow::profile);
}

bool has_sign(const nlohmann::json& claims, std::span<const Sign> signs) {
  return std::ranges::any_of(signs, [&](const Sign& sign) { return matches(claims, sign); });
}

std::optional<IdentityProfile> identity_profile_from_name(std::string_view name) {
  const auto* row = std::ranges::find(profiles, name, &ProfileRow::name);
  if (row == profiles.end()) return std::nullopt;
  return row->profile;
}

std::string_view identity_profile_name(IdentityProfile profile) {
  return profile_row(profile).name;
}

}  // namespace portcullis
