#include <gtest/gtest.h>

#include "base/crypto.h"
#include "identity/issuer_fixture.h"

namespace portcullis {
namespace {

using test::json;
using test::keys_of_two;
using test::two_issuers;

VerifiedToken verified(const std::string& token) {
  return verify_token(token, two_issuers(), keys_of_two()).value();
}

TEST(TokenCache, GivesBackWhatWasPut) {
  TokenCache cache(2);
  const std::string token = test::keycloak_token();
  EXPECT_EQ(cache.find(sha256(token), keys_of_two()), nullptr);
  cache.put(verified(token), keys_of_two());
  const VerifiedToken* found = cache.find(sha256(token), keys_of_two());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->evidence.token_id, "token-1");
  const auto subject = resolve_subject(*found, two_issuers(), nullptr, test::now);
  EXPECT_TRUE(subject);
}

// CVE-2026-35030: two tokens that begin alike are two tokens. So are two that differ in the last
// character only.
TEST(TokenCache, TheWholeTokenIsTheKey) {
  TokenCache cache(8);
  const std::string mine = test::keycloak_token();
  const std::string theirs = test::keycloak_token({{"sub", "mallory"}});
  ASSERT_EQ(mine.substr(0, 20), theirs.substr(0, 20));
  cache.put(verified(mine), keys_of_two());
  EXPECT_EQ(cache.find(sha256(theirs), keys_of_two()), nullptr);
  std::string changed = mine;
  changed.back() = changed.back() == 'A' ? 'Q' : 'A';
  EXPECT_EQ(cache.find(sha256(changed), keys_of_two()), nullptr);
  EXPECT_EQ(cache.find(sha256(mine.substr(0, mine.size() - 1)), keys_of_two()), nullptr);
  EXPECT_NE(cache.find(sha256(mine), keys_of_two()), nullptr);
}

TEST(TokenCache, NewKeysEndIt) {
  const std::string first = test::keycloak_token();
  const std::string second = test::generic_token();
  TokenCache cache(8);
  cache.put(verified(first), keys_of_two());
  cache.put(verified(second), keys_of_two());
  std::vector<IssuerKeys> keys = keys_of_two();
  keys[0].generation = 2;
  EXPECT_EQ(cache.find(sha256(first), keys), nullptr);
  EXPECT_NE(cache.find(sha256(second), keys), nullptr) << "issuers are apart";
  EXPECT_EQ(cache.find(sha256(first), keys_of_two()), nullptr) << "gone for good";
}

TEST(TokenCache, KeysThatAreTooOldEndItToo) {
  const std::string token = test::keycloak_token();
  TokenCache cache(8);
  cache.put(verified(token), keys_of_two());
  std::vector<IssuerKeys> keys = keys_of_two();
  keys[0].usable = false;
  EXPECT_EQ(cache.find(sha256(token), keys), nullptr);
  cache.put(verified(token), keys_of_two());
  EXPECT_EQ(cache.find(sha256(token), {}), nullptr);
}

TEST(TokenCache, TheLeastRecentlyUsedGoesFirst) {
  std::vector<std::string> tokens;
  TokenCache cache(3);
  for (int i = 0; i < 4; ++i) {
    tokens.push_back(test::keycloak_token({{"jti", std::to_string(i)}}));
    if (i < 3) cache.put(verified(tokens.back()), keys_of_two());
  }
  ASSERT_NE(cache.find(sha256(tokens[0]), keys_of_two()), nullptr);
  cache.put(verified(tokens[2]), keys_of_two());  // again: replaces, pushes nothing out
  cache.put(verified(tokens[3]), keys_of_two());
  EXPECT_NE(cache.find(sha256(tokens[0]), keys_of_two()), nullptr);
  EXPECT_EQ(cache.find(sha256(tokens[1]), keys_of_two()), nullptr);
  EXPECT_NE(cache.find(sha256(tokens[2]), keys_of_two()), nullptr);
  EXPECT_NE(cache.find(sha256(tokens[3]), keys_of_two()), nullptr);
}

TEST(TokenCache, HasRoomForAtLeastOne) {
  TokenCache cache(0);
  const std::string token = test::keycloak_token();
  cache.put(verified(token), keys_of_two());
  EXPECT_NE(cache.find(sha256(token), keys_of_two()), nullptr);
}

// After a reload another set may have the same generation, or another issuer the same index.
TEST(TokenCache, AnotherSetOfTheSameGenerationIsAnotherSet) {
  const std::string token = test::keycloak_token();
  TokenCache cache(8);
  cache.put(verified(token), keys_of_two());
  std::vector<IssuerKeys> keys = keys_of_two();
  std::swap(keys[0], keys[1]);
  EXPECT_EQ(cache.find(sha256(token), keys), nullptr);
}

}  // namespace
}  // namespace portcullis
