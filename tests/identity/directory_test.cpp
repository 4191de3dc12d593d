#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "portcullis/identity.h"

namespace portcullis {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

TEST(Directory, FindsPeopleByIssuerAndKeyOnly) {
  const std::string text = R"(people:
  - id: alice
    identities: [{issuer: i1, key: k1}, {issuer: i2, key: k1}]
  - id: bob
    active: false
    identities: [{issuer: i1, key: k2}]
)";
  const auto directory = Directory::load(text, "people.yaml");
  ASSERT_TRUE(directory);
  EXPECT_EQ((*directory)->size(), 2u);
  EXPECT_EQ((*directory)->digest(), sha256(text));
  EXPECT_EQ((*directory)->find("i1", "k1")->id, "alice");
  EXPECT_EQ((*directory)->find("i2", "k1")->id, "alice");
  EXPECT_TRUE((*directory)->find("i1", "k1")->active);
  EXPECT_EQ((*directory)->find("i1", "k2")->id, "bob");
  EXPECT_FALSE((*directory)->find("i1", "k2")->active);
  for (const auto& [issuer, key] : std::initializer_list<std::pair<const char*, const char*>>{
           {"i2", "k2"}, {"i3", "k1"}, {"i1", "K1"}, {"", ""}, {"i1", "alice"}}) {
    EXPECT_EQ((*directory)->find(issuer, key), nullptr) << issuer << key;
  }
}

TEST(Directory, ReadsEveryAttribute) {
  const auto directory = Directory::load(R"(people:
  - id: alice
    active: true
    groups: []
    employment: contractor
    contract_end: "2026-12-31T17:00:00Z"
    guest: true
    identities: [{issuer: i1, key: k1}]
)",
                                         "people.yaml");
  ASSERT_TRUE(directory) << directory.error().front();
  const Directory::Person* person = (*directory)->find("i1", "k1");
  ASSERT_NE(person, nullptr);
  EXPECT_EQ(person->groups, std::vector<std::string>{});
  EXPECT_EQ(person->employment, "contractor");
  EXPECT_EQ(person->contract_end, 1798736400);
  EXPECT_EQ(person->guest, true);
}

TEST(Directory, ReportsEachErrorAtItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"people:\n  - id: a\n    identities: [{issuer: i, key: k}]\n"
       "  - id: a\n    identities: [{issuer: i, key: l}]\n",
       "people.yaml:4:9: id: an earlier person has \"a\" too"},
      {"people:\n  - id: a\n    identities: [{issuer: i, key: k}]\n"
       "  - id: b\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:5:18: identities: \"k\" of \"i\" is given already"},
      {"people:\n  - id: a\n    identities: [{issuer: i, key: k}, {issuer: i, key: k}]\n",
       "people.yaml:3:39: identities: "},
      {"people:\n  - id: a\n    group: [x]\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:3:5: "},
      {"people:\n  - id: a\n    id: b\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:3:5: "},
      {"people:\n  - id: a\n", "people.yaml:2:5: missing key \"identities\""},
      {"people:\n  - id: a\n    identities: []\n", "people.yaml:3:17: identities: expected"},
      {"people:\n  - id: a\n    identities: k\n", "people.yaml:3:17: identities: expected"},
      {"people:\n  - id: a\n    identities: [{issuer: i}]\n",
       "people.yaml:3:18: missing key \"key\""},
      {"people:\n  - id: a\n    identities: [{issuer: i, key: \"\"}]\n",
       "people.yaml:3:35: key: expected 1 to 512 bytes"},
      {"people:\n  - identities: [{issuer: i, key: k}]\n", "people.yaml:2:5: missing key \"id\""},
      {"people:\n  - id: a\n    active: yes\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:3:13: "},
      {"people:\n  - id: a\n    groups: x\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:3:13: "},
      {"people:\n  - id: a\n    contract_end: 31.12.2026\n    identities: [{issuer: i, key: k}]\n",
       "people.yaml:3:19: contract_end: expected a date"},
      {"people: {}\n", "people.yaml:1:9: people: expected a list"},
      {"person: []\n", "people.yaml:1:1: "},
      {"[]\n", "people.yaml:1:1: "},
      {"people: [\n", "people.yaml:"},
      {"", "people.yaml"},
  };
  for (const auto& [text, error] : cases) {
    const auto directory = Directory::load(text, "people.yaml");
    ASSERT_FALSE(directory) << text;
    EXPECT_THAT(directory.error(), Contains(StartsWith(error))) << text;
  }
}

TEST(Directory, ReportsAllErrorsAtOnce) {
  const auto directory = Directory::load(R"(people:
  - id: a
    activ: true
    identities: [{issuer: i, key: k}]
  - id: a
    guest: maybe
    identities: [{issuer: i, key: k}]
)",
                                         "p");
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error(), ElementsAre(StartsWith("p:3:5: "), StartsWith("p:6:12: "),
                                             StartsWith("p:5:9: "), StartsWith("p:7:18: ")));
  EXPECT_NE(directory.error()[0].find("active"), std::string::npos) << "did you mean";
}

}  // namespace
}  // namespace portcullis
