// What a verified token says, parsed once and read on every use.
//
// Thread-safety and lifetime: those of the VerifiedToken that holds it; immutable.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "portcullis/identity.h"

namespace portcullis {

struct VerifiedToken::Claims {
  nlohmann::json members;  // the payload, an object without duplicates
  std::string type;        // the header's `typ` in its normal form; empty if absent
};

// Judges everything of a token that does not depend on who the person is, in the order of
// docs/identity.md: binding, type, time, audience, client, delegation.
OrDenial<void> check_claims(const VerifiedToken& token, const IdentityRules& rules,
                            std::int64_t now);

// `azp` or `client_id`; nullopt if there is neither. Denied if the two contradict each other.
OrDenial<std::optional<std::string>> read_client_id(const nlohmann::json& claims);

}  // namespace portcullis
