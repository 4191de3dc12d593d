// What a verified token says, parsed once and read on every use.
//
// Thread-safety and lifetime: those of the VerifiedToken that holds it; immutable.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "identity/strict_json.h"
#include "portcullis/identity.h"

namespace portcullis {

// `payload`: an object without duplicates. `header_type`: `typ` in its normal form; empty if
// absent.
struct VerifiedToken::Claims {
  Claims(nlohmann::json payload, std::string header_type);

  nlohmann::json members;
  std::string type;
  // What each use asks for, read once.
  Member<std::int64_t> issued;                     // `iat`
  Member<std::int64_t> not_before;                 // `nbf`
  Member<std::int64_t> authenticated;              // `auth_time`
  OrDenial<std::optional<std::string>> client_id;  // `azp` or `client_id`; denied if they differ
  std::string_view foreign;  // a member that no access token has, the first one; empty if none
};

// Judges everything of a token that does not depend on who the person is, in the order of
// docs/identity.md: binding, type, time, audience, client, delegation.
OrDenial<void> check_claims(const VerifiedToken& token, const IdentityRules& rules,
                            std::int64_t now);

}  // namespace portcullis
