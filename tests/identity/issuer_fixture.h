// Two made-up issuers with keys, rules and tokens to change: what every identity test starts from.
//
// Keys are made once per process and never change. Single-threaded.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "identity/jws_sign.h"
#include "portcullis/identity.h"

namespace portcullis::test {

using nlohmann::json;

inline constexpr std::int64_t now = 1'800'000'000;
inline constexpr const char* keycloak_issuer = "https://id.example.com/realms/acme";
inline constexpr const char* generic_issuer = "https://login.example.org";

inline const JwsSigningKey& rsa_key() {
  static const auto key = JwsSigningKey::generate(JwsAlgorithm::rs256, "r1");
  return key;
}
inline const JwsSigningKey& ec_key() {
  static const auto key = JwsSigningKey::generate(JwsAlgorithm::es256, "e1");
  return key;
}
// The second issuer's: its `kid` is the first issuer's too.
inline const JwsSigningKey& other_key() {
  static const auto key = JwsSigningKey::generate(JwsAlgorithm::es256, "e1");
  return key;
}

inline std::string key_set_of(const std::vector<std::string>& keys) {
  std::string out = R"({"keys":[)";
  for (const std::string& key : keys) out += (out.ends_with('[') ? "" : ",") + key;
  return out + "]}";
}

inline IdentityRules two_issuers() {
  IdentityRules out;
  out.issuers.push_back({.issuer = keycloak_issuer,
                         .profile = IdentityProfile::keycloak,
                         .audience = {"portcullis", "portcullis-eu"}});
  out.issuers.push_back({.issuer = generic_issuer, .audience = {"portcullis"}});
  return out;
}

inline std::vector<IssuerKeys> keys_of_two() {
  static const auto first =
      KeySet::parse(key_set_of({rsa_key().public_jwk(), ec_key().public_jwk()})).value();
  static const auto second = KeySet::parse(key_set_of({other_key().public_jwk()})).value();
  return {{first, 1, true}, {second, 1, true}};
}

// What Keycloak says of a person who is logged in.
inline json keycloak_claims() {
  return {{"iss", keycloak_issuer}, {"sub", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
          {"aud", "portcullis"},    {"exp", now + 300},
          {"iat", now - 10},        {"jti", "token-1"},
          {"typ", "Bearer"},        {"azp", "chat"},
          {"sid", "session-1"},     {"preferred_username", "alice"}};
}

inline json generic_claims() {
  return {{"iss", generic_issuer}, {"sub", "u-42"},   {"aud", "portcullis"},
          {"exp", now + 300},      {"iat", now - 10}, {"client_id", "chat"}};
}

// RFC 7396: a null takes the member away.
inline json changed(json claims, const json& patch) {
  claims.merge_patch(patch);
  return claims;
}

inline std::string keycloak_token(const json& patch = json::object()) {
  return sign_access_token(changed(keycloak_claims(), patch).dump(), ec_key());
}
inline std::string generic_token(const json& patch = json::object()) {
  return sign_access_token(changed(generic_claims(), patch).dump(), other_key());
}

// Verified and resolved in one step, as for a request.
inline OrDenial<Identified> identify(const std::string& token, const IdentityRules& rules,
                                     const Directory* directory) {
  const auto verified = verify_token(token, rules, keys_of_two());
  if (!verified) return tl::make_unexpected(verified.error());
  return resolve_subject(*verified, rules, directory, now);
}

template <class T>
Reason reason_of(const OrDenial<T>& result) {
  return result ? Reason::none : result.error().reason;
}
template <class T>
std::string code_of(const OrDenial<T>& result) {
  return std::string(reason_code(reason_of(result)));
}

}  // namespace portcullis::test
