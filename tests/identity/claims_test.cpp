// Each check of a verified token, on both sides of its border.
#include "identity/claims.h"

#include <gtest/gtest.h>

#include "identity/issuer_fixture.h"

namespace portcullis {
namespace {

using test::code_of;
using test::json;
using test::now;
using test::two_issuers;

std::string resolve(const json& patch, const IdentityRules& rules = two_issuers()) {
  return code_of(test::identify(test::keycloak_token(patch), rules, nullptr));
}

struct PatchCase {
  json patch;
  const char* code;
};

TEST(Claims, TimeAtItsBorders) {
  const PatchCase cases[] = {
      {{{"exp", now - 59}, {"iat", now - 100}}, "none"},
      {{{"exp", now - 60}, {"iat", now - 100}}, "token_expired"},
      {{{"exp", 0}, {"iat", now - 100}}, "token_expired"},
      {{{"nbf", now + 60}}, "none"},
      {{{"nbf", now + 61}}, "token_not_yet_valid"},
      {{{"nbf", 0}}, "none"},
      {{{"nbf", "0"}}, "token_malformed"},
      {{{"nbf", 1.0}}, "token_malformed"},
      {{{"iat", now + 60}}, "none"},
      {{{"iat", now + 61}}, "token_not_yet_valid"},
      {{{"iat", nullptr}}, "token_malformed"},
      {{{"iat", now - 0.5}}, "token_malformed"},
      {{{"iat", now - 10}, {"exp", now - 10 + 86400}}, "none"},
      {{{"iat", now - 10}, {"exp", now - 10 + 86401}}, "token_lifetime"},
      {{{"exp", 253402300799}}, "token_lifetime"},
      {{{"iat", now}, {"exp", now}}, "token_lifetime"},
      {{{"iat", now}, {"exp", now - 30}}, "token_lifetime"},
  };
  for (const auto& [patch, code] : cases) EXPECT_EQ(resolve(patch), code) << patch;
}

TEST(Claims, AudienceIsOneOfOurs) {
  const PatchCase cases[] = {
      {{{"aud", "portcullis-eu"}}, "none"},
      {{{"aud", {"account", "portcullis"}}}, "none"},
      {{{"aud", nullptr}}, "token_audience"},
      {{{"aud", json::array()}}, "token_audience"},
      {{{"aud", ""}}, "token_audience"},
      {{{"aud", "Portcullis"}}, "token_audience"},
      {{{"aud", "portcullis-e"}}, "token_audience"},
      {{{"aud", "portcullis portcullis-eu"}}, "token_audience"},
      {{{"aud", {"account", "chat"}}}, "token_audience"},
  };
  for (const auto& [patch, code] : cases) EXPECT_EQ(resolve(patch), code) << patch;
}

TEST(Claims, WithoutAConfiguredAudienceNothingIsOurs) {
  IdentityRules rules = two_issuers();
  rules.issuers[0].audience.clear();
  EXPECT_EQ(resolve(json::object(), rules), "token_audience");
}

TEST(Claims, ClientsAreOnTheListWhereThereIsOne) {
  IdentityRules rules = two_issuers();
  rules.issuers[0].clients = {"chat", "notebook"};
  const PatchCase cases[] = {
      {json::object(), "none"},
      {{{"azp", "notebook"}}, "none"},
      {{{"azp", nullptr}, {"client_id", "chat"}}, "none"},
      {{{"azp", "chat"}, {"client_id", "chat"}}, "none"},
      {{{"azp", "chat"}, {"client_id", "notebook"}}, "token_client"},
      {{{"azp", "other"}}, "token_client"},
      {{{"azp", "Chat"}}, "token_client"},
      {{{"azp", nullptr}}, "token_client"},
      {{{"azp", 1}}, "token_malformed"},
      {{{"azp", ""}}, "token_malformed"},
      {{{"azp", nullptr}, {"client_id", {"chat"}}}, "token_malformed"},
  };
  for (const auto& [patch, code] : cases) EXPECT_EQ(resolve(patch, rules), code) << patch;
  EXPECT_EQ(resolve({{"azp", "other"}}), "none");
  EXPECT_EQ(resolve({{"azp", nullptr}}), "none");
  EXPECT_EQ(resolve({{"azp", "chat"}, {"client_id", "notebook"}}), "token_client");
}

TEST(Claims, BoundTokensAreNoBearerTokens) {
  for (const json& binding : {json{{"jkt", "AAAA"}}, json{{"x5t#S256", "AAAA"}}, json::object(),
                              json("x"), json(false)}) {
    json claims = test::keycloak_claims();
    claims["cnf"] = binding;
    const auto result =
        test::identify(sign_access_token(claims.dump(), test::ec_key()), two_issuers(), nullptr);
    EXPECT_EQ(code_of(result), "token_bound") << binding;
  }
}

std::string with_type(const json& type) {
  const json header =
      test::changed({{"alg", "ES256"}, {"kid", "e1"}, {"typ", "at+jwt"}}, {{"typ", type}});
  return code_of(test::identify(
      sign_compact_jws({header.dump(), test::keycloak_claims().dump()}, test::ec_key()),
      two_issuers(), nullptr));
}

TEST(Claims, TypeOfTheHeader) {
  for (const char* good : {"at+jwt", "AT+JWT", "application/at+jwt", "JWT", "jwt"}) {
    EXPECT_EQ(with_type(good), "none") << good;
  }
  for (const char* bad : {"logout+jwt", "dpop+jwt", "JOSE", "at+jwt ", "xat+jwt", "id_token", "",
                          "application/", "secevent+jwt"}) {
    EXPECT_EQ(with_type(bad), "token_type") << bad;
  }
  EXPECT_EQ(with_type(nullptr), "token_type");
}

TEST(Claims, OtherTokensOfTheIssuerAreNoAccessTokens) {
  const PatchCase cases[] = {
      {{{"typ", "ID"}}, "token_type"},
      {{{"typ", "Refresh"}}, "token_type"},
      {{{"typ", "Offline"}}, "token_type"},
      {{{"typ", "Logout"}}, "token_type"},
      {{{"typ", nullptr}}, "token_type"},
      {{{"typ", "bearer"}}, "token_type"},
      {{{"at_hash", "AAAA"}}, "token_type"},
      {{{"c_hash", "AAAA"}}, "token_type"},
      {{{"s_hash", "AAAA"}}, "token_type"},
      {{{"events", {{"x", 1}}}}, "token_type"},
      {{{"nonce", "n"}}, "none"},  // Keycloak before 25 copies it; `typ` is what decides there
  };
  for (const auto& [patch, code] : cases) EXPECT_EQ(resolve(patch), code) << patch;
}

TEST(Claims, ANonceMarksTheGenericIdToken) {
  const auto loaded = Directory::load(
      "people: [{id: bob, identities: [{issuer: \"https://login.example.org\", key: u-42}]}]",
      "people.yaml");
  ASSERT_TRUE(loaded);
  const auto resolve_generic = [&](const json& patch) {
    return code_of(test::identify(test::generic_token(patch), two_issuers(), loaded->get()));
  };
  EXPECT_EQ(resolve_generic(json::object()), "none");
  EXPECT_EQ(resolve_generic({{"nonce", "n"}}), "token_type");
  EXPECT_EQ(resolve_generic({{"at_hash", "h"}}), "token_type");
}

TEST(Claims, DelegationHasOneStep) {
  const PatchCase cases[] = {
      {{{"act", {{"sub", "agent"}}}}, "none"},
      {{{"act", {{"sub", "agent"}, {"act", {{"sub", "other"}}}}}}, "subject_unresolved"},
      {{{"act", "agent"}}, "token_malformed"},
      {{{"act", json::array()}}, "token_malformed"},
  };
  for (const auto& [patch, code] : cases) EXPECT_EQ(resolve(patch), code) << patch;
}

// Done again on every use of a cached token: the same VerifiedToken, later.
TEST(Claims, TheClockIsReadOnEveryUse) {
  const IdentityRules rules = two_issuers();
  const auto verified = verify_token(test::keycloak_token(), rules, test::keys_of_two());
  ASSERT_TRUE(verified);
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now)), "none");
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now + 359)), "none");
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now + 360)), "token_expired");
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now - 71)), "token_not_yet_valid");
}

TEST(Claims, AChangedIssuerListMakesNoOtherPerson) {
  IdentityRules rules = two_issuers();
  const auto verified = verify_token(test::keycloak_token(), rules, test::keys_of_two());
  ASSERT_TRUE(verified);
  std::swap(rules.issuers[0], rules.issuers[1]);
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now)), "token_issuer_unknown");
  rules.issuers.clear();
  EXPECT_EQ(code_of(resolve_subject(*verified, rules, nullptr, now)), "token_issuer_unknown");
  EXPECT_EQ(code_of(resolve_subject(VerifiedToken{}, two_issuers(), nullptr, now)),
            "token_issuer_unknown");
}

}  // namespace
}  // namespace portcullis
