// Signatures and keys: each published way to have a token accepted that the issuer never signed.
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "identity/issuer_fixture.h"

namespace portcullis {
namespace {

using test::json;
using test::keys_of_two;
using test::reason_of;
using test::two_issuers;

Reason verify(const std::string& token) {
  return reason_of(verify_token(token, two_issuers(), keys_of_two()));
}

std::string signed_with_header(const json& header, const JwsSigningKey& key = test::ec_key()) {
  return sign_compact_jws({header.dump(), test::keycloak_claims().dump()}, key);
}

std::string unsigned_with_header(const json& header, const std::string& signature) {
  return base64url(as_bytes(header.dump())) + '.' +
         base64url(as_bytes(test::keycloak_claims().dump())) + '.' + signature;
}

TEST(VerifyToken, AcceptsBothAlgorithmsAndKeepsTheEvidence) {
  for (const JwsSigningKey* key : {&test::rsa_key(), &test::ec_key()}) {
    const std::string token = sign_access_token(test::keycloak_claims().dump(), *key);
    const auto verified = verify_token(token, two_issuers(), keys_of_two());
    ASSERT_TRUE(verified) << verified.error().detail;
    EXPECT_EQ(verified->issuer, 0u);
    EXPECT_EQ(verified->evidence.issuer, test::keycloak_issuer);
    EXPECT_EQ(verified->evidence.key_id, key->key_id());
    EXPECT_EQ(verified->evidence.token_id, "token-1");
    EXPECT_EQ(verified->evidence.audience, std::vector<std::string>{"portcullis"});
    EXPECT_EQ(verified->evidence.expires, test::now + 300);
    EXPECT_EQ(verified->evidence.digest, sha256(token));
  }
}

TEST(VerifyToken, EveryChangedByteIsNoticed) {
  const std::string token = test::keycloak_token();
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(verify(changed), Reason::none) << i;
  }
}

TEST(VerifyToken, EveryPrefixIsRefused) {
  const std::string token = test::keycloak_token();
  for (std::size_t length = 0; length < token.size(); ++length) {
    EXPECT_NE(verify(token.substr(0, length)), Reason::none) << length;
  }
}

TEST(VerifyToken, NoneIsNoAlgorithm) {
  for (const char* name : {"none", "None", "NONE", "nOnE", ""}) {
    const json header = {{"alg", name}, {"kid", "e1"}, {"typ", "at+jwt"}};
    EXPECT_EQ(verify(unsigned_with_header(header, "")), Reason::token_malformed) << name;
    EXPECT_EQ(verify(unsigned_with_header(header, "AAAA")), Reason::token_algorithm) << name;
    EXPECT_EQ(verify(signed_with_header(header)), Reason::token_algorithm) << name;
  }
}

// The public key, as an attacker has it, used as the secret of an HMAC.
TEST(VerifyToken, ThePublicKeyIsNoHmacSecret) {
  for (const std::string& secret :
       {test::rsa_key().public_jwk(),
        json::parse(test::rsa_key().public_jwk())["n"].get<std::string>()}) {
    for (const char* algorithm : {"HS256", "RS256"}) {
      const json header = {{"alg", algorithm}, {"kid", "r1"}, {"typ", "at+jwt"}};
      const std::string unsigned_token = unsigned_with_header(header, "");
      const std::string input = unsigned_token.substr(0, unsigned_token.size() - 1);
      const std::string token = unsigned_token + base64url(hmac_sha256(as_bytes(secret), input));
      EXPECT_EQ(verify(token), std::string_view(algorithm) == "HS256" ? Reason::token_algorithm
                                                                      : Reason::token_signature);
    }
  }
}

TEST(VerifyToken, TheKeyDecidesTheAlgorithm) {
  EXPECT_EQ(verify(signed_with_header({{"alg", "RS256"}, {"kid", "e1"}})), Reason::token_algorithm);
  EXPECT_EQ(verify(signed_with_header({{"alg", "ES256"}, {"kid", "r1"}}, test::rsa_key())),
            Reason::token_algorithm);
  for (const char* other : {"RS384", "RS512", "PS256", "ES384", "ES512", "EdDSA", "HS256", "rs256",
                            "ES256 ", "ES256K", "dir", "RSA-OAEP"}) {
    EXPECT_EQ(verify(signed_with_header({{"alg", other}, {"kid", "e1"}})), Reason::token_algorithm)
        << other;
  }
}

TEST(VerifyToken, OnlyAlgorithmsOnTheIssuersList) {
  IdentityRules rules = two_issuers();
  rules.issuers[0].algorithms = {"RS256"};
  EXPECT_EQ(reason_of(verify_token(test::keycloak_token(), rules, keys_of_two())),
            Reason::token_algorithm);
  rules.issuers[0].algorithms = {"RS256", "HS256", "none"};
  const json header = {{"alg", "none"}, {"kid", "e1"}};
  EXPECT_EQ(reason_of(verify_token(unsigned_with_header(header, "AAAA"), rules, keys_of_two())),
            Reason::token_algorithm);
}

// A key in the token, or a place to fetch it from, changes nothing.
TEST(VerifyToken, KeysThatTheTokenBringsAreIgnored) {
  const auto attacker = JwsSigningKey::generate(JwsAlgorithm::es256, "e1");
  for (const json& patch :
       {json{{"jwk", json::parse(attacker.public_jwk())}},
        json{{"jku", "https://evil.example/jwks"}}, json{{"x5u", "https://evil.example/cert"}},
        json{{"x5c", {"AAAA"}}}, json{{"x5t", "AAAA"}}}) {
    const json header = test::changed({{"alg", "ES256"}, {"kid", "e1"}, {"typ", "at+jwt"}}, patch);
    EXPECT_EQ(verify(signed_with_header(header, attacker)), Reason::token_signature) << patch;
    EXPECT_EQ(verify(signed_with_header(header, test::ec_key())), Reason::none) << patch;
  }
}

TEST(VerifyToken, KeysAreFoundByIdAndNeverTried) {
  EXPECT_EQ(verify(signed_with_header({{"alg", "ES256"}})), Reason::token_malformed);
  EXPECT_EQ(verify(signed_with_header({{"alg", "ES256"}, {"kid", "e2"}})),
            Reason::token_key_unknown);
  EXPECT_EQ(verify(signed_with_header({{"alg", "ES256"}, {"kid", "../e1"}})),
            Reason::token_key_unknown);
}

// Both issuers have a key "e1"; each verifies only its own issuer's tokens.
TEST(VerifyToken, AnotherIssuersKeyDoesNotHelp) {
  EXPECT_EQ(verify(sign_access_token(test::keycloak_claims().dump(), test::other_key())),
            Reason::token_signature);
  EXPECT_EQ(verify(sign_access_token(test::generic_claims().dump(), test::ec_key())),
            Reason::token_signature);
  EXPECT_EQ(verify(sign_access_token(test::generic_claims().dump(), test::rsa_key())),
            Reason::token_key_unknown);
}

TEST(VerifyToken, TheIssuerIsComparedExactly) {
  for (const char* issuer : {"https://id.example.com/realms/acme/", "https://id.example.com/realms",
                             "HTTPS://id.example.com/realms/acme", "https://evil.example", ""}) {
    EXPECT_EQ(verify(test::keycloak_token({{"iss", issuer}})), Reason::token_issuer_unknown)
        << issuer;
  }
  EXPECT_EQ(verify(test::keycloak_token({{"iss", nullptr}})), Reason::token_malformed);
  EXPECT_EQ(verify(test::keycloak_token({{"iss", {test::keycloak_issuer}}})),
            Reason::token_malformed);
}

TEST(VerifyToken, ClaimsHaveOneMeaning) {
  const std::string header = R"({"alg":"ES256","kid":"e1","typ":"at+jwt"})";
  const std::string claims = test::keycloak_claims().dump();
  const std::string inside = claims.substr(1, claims.size() - 2);
  const auto with = [&](const std::string& text) {
    return verify(sign_compact_jws({header, text}, test::ec_key()));
  };
  EXPECT_EQ(with("{" + inside + "}"), Reason::none);
  for (const std::string& bad :
       {R"({"sub":"mallory",)" + inside + "}", "{" + inside + R"(,"s\u0075b":"mallory"})",
        "{" + inside + "} ," + claims, std::string("\xEF\xBB\xBF") + claims,
        claims + std::string(1, '\0'), "[" + claims + "]", std::string("null")}) {
    EXPECT_EQ(with(bad), Reason::token_malformed) << bad;
  }
}

TEST(VerifyToken, EvidenceIsWellTyped) {
  for (const json& patch :
       {json{{"exp", nullptr}}, json{{"exp", "1800000300"}}, json{{"exp", 1800000300.5}},
        json{{"exp", -1}}, json{{"exp", 1e15}}, json{{"aud", 7}}, json{{"aud", {"portcullis", 7}}},
        json{{"aud", {{"portcullis", true}}}}, json{{"jti", 7}}, json{{"jti", ""}},
        json{{"jti", "a\nb"}}}) {
    EXPECT_EQ(verify(test::keycloak_token(patch)), Reason::token_malformed) << patch;
  }
  EXPECT_EQ(verify(test::keycloak_token({{"jti", nullptr}})), Reason::none);
}

TEST(VerifyToken, BoundsTheSize) {
  IdentityRules rules = two_issuers();
  const std::string token = test::keycloak_token();
  rules.token_bytes_max = token.size();
  EXPECT_EQ(reason_of(verify_token(token, rules, keys_of_two())), Reason::none);
  rules.token_bytes_max = token.size() - 1;
  EXPECT_EQ(reason_of(verify_token(token, rules, keys_of_two())), Reason::token_too_large);
  EXPECT_EQ(reason_of(peek_token(token, rules)), Reason::token_too_large);
}

TEST(VerifyToken, WithoutCurrentKeysNothingVerifies) {
  const IdentityRules rules = two_issuers();
  std::vector<IssuerKeys> keys = keys_of_two();
  keys[0].usable = false;
  EXPECT_EQ(reason_of(verify_token(test::keycloak_token(), rules, keys)),
            Reason::issuer_unavailable);
  EXPECT_EQ(reason_of(verify_token(test::generic_token(), rules, keys)), Reason::none);
  keys[0] = {nullptr, 0, true};
  EXPECT_EQ(reason_of(verify_token(test::keycloak_token(), rules, keys)),
            Reason::issuer_unavailable);
  EXPECT_EQ(reason_of(verify_token(test::keycloak_token(), rules, {})), Reason::issuer_unavailable);
}

TEST(PeekToken, NamesIssuerAndKeyWithoutTrust) {
  const auto hint =
      peek_token(sign_compact_jws({R"({"alg":"RS256","kid":"new"})", test::generic_claims().dump()},
                                  test::rsa_key()),
                 two_issuers());
  ASSERT_TRUE(hint);
  EXPECT_EQ(hint->issuer, 1u);
  EXPECT_EQ(hint->key_id, "new");
  EXPECT_EQ(reason_of(peek_token("x", two_issuers())), Reason::token_malformed);
}

// What is said to the caller, and may end up in a log, holds nothing of the token.
TEST(VerifyToken, DenialsShowNothingOfTheToken) {
  const json marker = {{"alg", "SECRET-MARK"}, {"kid", "SECRET-MARK"}, {"typ", "SECRET-MARK"}};
  for (const std::string& token :
       {signed_with_header(marker), signed_with_header({{"alg", "ES256"}, {"kid", "SECRET-MARK"}}),
        test::keycloak_token({{"iss", "SECRET-MARK"}}),
        test::keycloak_token({{"jti", "SECRET-MARK\n"}})}) {
    const auto verified = verify_token(token, two_issuers(), keys_of_two());
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().detail.find("SECRET-MARK"), std::string::npos);
    EXPECT_FALSE(verified.error().detail.empty());
  }
}

}  // namespace
}  // namespace portcullis
