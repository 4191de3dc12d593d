#include "identity/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "identity/issuer_fixture.h"

namespace portcullis {
namespace {

using test::json;
using testing::ElementsAre;
using testing::HasSubstr;

json jwk(const JwsSigningKey& key, const json& patch = json::object()) {
  return test::changed(json::parse(key.public_jwk()), patch);
}
std::string set_of(const std::vector<json>& keys) { return json{{"keys", keys}}.dump(); }

TEST(KeySet, HoldsKeysById) {
  const auto set = KeySet::parse(set_of({jwk(test::rsa_key()), jwk(test::ec_key())}));
  ASSERT_TRUE(set);
  EXPECT_EQ((*set)->size(), 2u);
  EXPECT_TRUE((*set)->contains("r1"));
  EXPECT_TRUE((*set)->contains("e1"));
  EXPECT_FALSE((*set)->contains(""));
  EXPECT_FALSE((*set)->contains("R1"));
  EXPECT_EQ((*set)->keys().find("e1")->algorithm, JwsAlgorithm::es256);
  EXPECT_THAT((*set)->left_out(), ElementsAre());
}

TEST(KeySet, LeavesUnfitKeysOutAndSaysWhy) {
  const auto set = KeySet::parse(
      set_of({jwk(test::rsa_key(), {{"use", "enc"}, {"kid", "a"}}), jwk(test::ec_key()),
              jwk(test::rsa_key(), {{"kid", nullptr}}), jwk(test::rsa_key(), {{"kid", 7}}),
              json{{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", "b"}, {"x", "AAAA"}}}));
  ASSERT_TRUE(set);
  EXPECT_EQ((*set)->size(), 1u);
  EXPECT_FALSE((*set)->contains("a"));
  EXPECT_THAT((*set)->left_out(),
              ElementsAre("keys[0]: \"use\" is not sig", "keys[2]: no usable \"kid\"",
                          "keys[3]: no usable \"kid\"", "keys[4]: neither RSA nor EC with P-256"));
}

TEST(KeySet, RefusesWhatHasNoOneMeaning) {
  const std::pair<std::string, const char*> cases[] = {
      {set_of({jwk(test::ec_key()), jwk(test::other_key())}), "keys[1] has a \"kid\""},
      {set_of({jwk(test::ec_key(), {{"use", "enc"}}), jwk(test::other_key())}),
       "keys[1] has a \"kid\""},
      {set_of({jwk(test::ec_key()), jwk(test::ec_key())}), "keys[1] has a \"kid\""},
      {R"({"keys":[],"keys":[]})", "a member twice"},
      {R"({"keys":[{"kid":"a","kid":"b"}]})", "a member twice"},
      {R"({"keys":{}})", "no array"},
      {R"({"key":[]})", "no array"},
      {R"({"keys":[1]})", "keys[0] is not an object"},
      {R"({"keys":[]})", "no key that can verify"},
      {set_of({jwk(test::ec_key(), {{"use", "enc"}})}), "no key that can verify"},
      {"", "syntax"},
      {"[]", "not a JSON object"},
  };
  for (const auto& [text, problem] : cases) {
    const auto set = KeySet::parse(text);
    ASSERT_FALSE(set) << text;
    EXPECT_THAT(set.error().message, HasSubstr(problem));
  }
}

TEST(KeySet, BoundsTheNumberOfKeys) {
  std::vector<json> keys;
  for (std::size_t i = 0; i <= keys_max; ++i) {
    keys.push_back(jwk(test::ec_key(), {{"kid", std::to_string(i)}}));
  }
  const auto set = KeySet::parse(set_of(keys));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().cause, Cause::limit);
  keys.pop_back();
  EXPECT_EQ(KeySet::parse(set_of(keys)).value()->size(), keys_max);
}

}  // namespace
}  // namespace portcullis
