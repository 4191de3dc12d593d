#include "identity/claims.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "identity/jws.h"
#include "identity/profiles.h"

namespace portcullis {
namespace {

using nlohmann::json;

// Members that only ID tokens, logout tokens and other security events have.
constexpr std::array<std::string_view, 4> foreign_members = {"at_hash", "c_hash", "s_hash",
                                                             "events"};

OrDenial<std::optional<std::string>> read_client_id(const json& claims) {
  std::optional<std::string> client;
  for (const std::string_view name : {"azp", "client_id"}) {
    const auto value = read_text(claims, name);
    if (!value.present) continue;
    if (!value.value || !is_identifier(*value.value)) {
      return deny(Reason::token_malformed,
                  "the token's \"" + std::string(name) + "\" is not an identifier");
    }
    if (client && client != value.value) {
      return deny(Reason::token_client,
                  "the token's \"azp\" and \"client_id\" name different clients");
    }
    client = value.value;
  }
  return client;
}

std::string_view first_of(std::span<const std::string_view> names, const json& claims) {
  const auto found =
      std::ranges::find_if(names, [&](std::string_view name) { return claims.contains(name); });
  return found == names.end() ? std::string_view() : *found;
}

OrDenial<void> check_binding(const json& claims) {
  if (claims.contains("cnf")) {
    return deny(Reason::token_bound,
                "the token is bound to a key of its sender (cnf) and is not accepted as a bearer "
                "token");
  }
  return {};
}

OrDenial<void> check_type(const VerifiedToken::Claims& claims, const IssuerRules& issuer) {
  const bool listed = std::ranges::any_of(
      issuer.types, [&](const std::string& type) { return normal_type(type) == claims.type; });
  if (claims.type.empty() || !listed) {
    return deny(Reason::token_type, "the token's \"typ\" is not one that this issuer may use");
  }
  if (!claims.foreign.empty()) {
    return deny(Reason::token_type,
                "the token has \"" + std::string(claims.foreign) + "\": it is not an access token");
  }
  const ProfileRow& profile = profile_row(issuer.profile);
  if (profile.use_claim.empty()) {
    if (!claims.members.contains("nonce")) return {};
    return deny(Reason::token_type, "the token has \"nonce\": it is an ID token");
  }
  if (read_text(claims.members, profile.use_claim).value != profile.use_value) {
    return deny(Reason::token_type, "the token's claim \"" + std::string(profile.use_claim) +
                                        "\" is not \"" + std::string(profile.use_value) + "\"");
  }
  return {};
}

OrDenial<void> check_time(const VerifiedToken& token, const IdentityRules& rules,
                          std::int64_t now) {
  const auto& issued = token.claims->issued;
  const auto& not_before = token.claims->not_before;
  if (!issued.value) {
    return deny(Reason::token_malformed, "the token's \"iat\" is missing or not an integer date");
  }
  if (not_before.present && !not_before.value) {
    return deny(Reason::token_malformed, "the token's \"nbf\" is not an integer date");
  }
  const std::int64_t expires = token.evidence.expires;
  if (now >= expires + rules.clock_skew_s) {
    return deny(Reason::token_expired, "the token has expired");
  }
  if (std::max(*issued.value, not_before.value.value_or(0)) > now + rules.clock_skew_s) {
    return deny(Reason::token_not_yet_valid, "the token is not valid yet");
  }
  if (expires <= *issued.value ||
      expires - *issued.value > rules.issuers[token.issuer].lifetime_max_s) {
    return deny(Reason::token_lifetime,
                "the token lives longer than its issuer's tokens may, or ends before it begins");
  }
  return {};
}

OrDenial<void> check_audience(const VerifiedToken& token, const IssuerRules& issuer) {
  const auto& audience = token.evidence.audience;
  if (std::ranges::find_first_of(audience, issuer.audience) != audience.end()) return {};
  return deny(Reason::token_audience, "the token is not meant for this service (aud)");
}

OrDenial<void> check_client(const VerifiedToken::Claims& claims, const IssuerRules& issuer) {
  const auto& client = claims.client_id;
  if (!client) return tl::make_unexpected(client.error());
  if (issuer.clients.empty()) return {};
  if (*client && std::ranges::find(issuer.clients, **client) != issuer.clients.end()) return {};
  return deny(Reason::token_client,
              "the token was issued to a client (azp, client_id) that is not on the list");
}

// RFC 8693 section 4.1: with one `act`, `sub` is still the person on whose behalf it acts. In a
// chain nobody can say any more who asked for what.
OrDenial<void> check_delegation(const json& claims) {
  const auto actor = claims.find("act");
  if (actor == claims.end()) return {};
  if (!actor->is_object()) {
    return deny(Reason::token_malformed, "the token's \"act\" is not an object");
  }
  if (!actor->contains("act")) return {};
  return deny(Reason::subject_unresolved,
              "the token's \"act\" is a chain of delegations; one step is the most");
}

}  // namespace

VerifiedToken::Claims::Claims(json payload, std::string header_type)
    : members(std::move(payload)),
      type(std::move(header_type)),
      issued(read_date(members, "iat")),
      not_before(read_date(members, "nbf")),
      authenticated(read_date(members, "auth_time")),
      client_id(read_client_id(members)),
      foreign(first_of(foreign_members, members)) {}

OrDenial<void> check_claims(const VerifiedToken& token, const IdentityRules& rules,
                            std::int64_t now) {
  const IssuerRules& issuer = rules.issuers[token.issuer];
  const json& claims = token.claims->members;
  return check_binding(claims)
      .and_then([&] { return check_type(*token.claims, issuer); })
      .and_then([&] { return check_time(token, rules, now); })
      .and_then([&] { return check_audience(token, issuer); })
      .and_then([&] { return check_client(*token.claims, issuer); })
      .and_then([&] { return check_delegation(claims); });
}

}  // namespace portcullis
