// What each kind of identity provider puts into its access tokens: data, not code.
//
// The absence of a sign proves nothing: a person needs a positive sign or the directory, and a sign
// of a service account outweighs both. Thread-safety: constants and pure functions.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "portcullis/identity.h"

namespace portcullis {

struct Sign {
  enum class Match : std::uint8_t { present, nonempty_string, prefix };
  std::string_view claim;
  Match match = Match::present;
  std::string_view text = {};  // for prefix
};

struct ProfileRow {
  IdentityProfile profile;
  std::string_view name;
  std::string_view key_claim;  // the immutable key of a person; never an e-mail or a user name
  // A claim that tells access tokens from others and its one value. Empty: the provider has none,
  // and then a `nonce` marks an ID token.
  std::string_view use_claim;
  std::string_view use_value;
  std::span<const Sign> person_signs;   // any of them proves a person; empty: nothing does
  std::span<const Sign> service_signs;  // any of them proves a service account
};
const ProfileRow& profile_row(IdentityProfile profile);

bool has_sign(const nlohmann::json& claims, std::span<const Sign> signs);

}  // namespace portcullis
