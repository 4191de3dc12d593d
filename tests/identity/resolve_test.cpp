// Person or machine, and what is known of the person.
#include <gtest/gtest.h>

#include "identity/issuer_fixture.h"

namespace portcullis {
namespace {

using test::code_of;
using test::identify;
using test::json;
using test::two_issuers;

constexpr const char* people = R"(people:
  - id: alice
    groups: [clinicians, staff]
    employment: employee
    guest: false
    identities:
      - {issuer: "https://id.example.com/realms/acme", key: f81d4fae-7dec-11d0-a765-00a0c91e6bf6}
      - {issuer: "https://login.example.org", key: u-42}
  - id: carol
    active: false
    identities: [{issuer: "https://login.example.org", key: u-43}]
  - id: dave
    employment: contractor
    contract_end: 2027-03-31
    identities: [{issuer: "https://login.example.org", key: u-44}]
)";

const Directory& directory() {
  static const auto loaded = Directory::load(people, "people.yaml").value();
  return *loaded;
}

TEST(Resolve, WithoutADirectoryTheProfilesSignProvesThePerson) {
  const auto found = identify(test::keycloak_token(), two_issuers(), nullptr);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->subject.kind, SubjectKind::person);
  EXPECT_EQ(found->subject.proof, Proof::profile);
  EXPECT_EQ(found->subject.id,
            "https://id.example.com/realms/acme|f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_EQ(found->subject.issuer, test::keycloak_issuer);
  EXPECT_EQ(found->subject.key, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  EXPECT_EQ(found->subject.groups, std::nullopt);
  EXPECT_EQ(found->subject.employment, std::nullopt);
  EXPECT_EQ(found->subject.guest, std::nullopt);
  EXPECT_EQ(found->subject.auth_time, std::nullopt);
  EXPECT_EQ(found->token.token_id, "token-1");
}

TEST(Resolve, AbsenceOfAServiceSignProvesNothing) {
  for (const json& sid : {json(), json(""), json(7), json(true)}) {
    json claims = test::keycloak_claims();
    if (sid.is_null()) {
      claims.erase("sid");
    } else {
      claims["sid"] = sid;
    }
    const std::string token = sign_access_token(claims.dump(), test::ec_key());
    EXPECT_EQ(code_of(identify(token, two_issuers(), nullptr)), "subject_unresolved") << sid;
    EXPECT_EQ(code_of(identify(token, two_issuers(), &directory())), "none") << sid;
  }
}

TEST(Resolve, AGenericIssuerNeedsTheDirectory) {
  const auto found = identify(test::generic_token({{"sid", "s"}}), two_issuers(), nullptr);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::subject_unresolved);
  EXPECT_NE(found.error().detail.find("a directory is required"), std::string::npos);
}

TEST(Resolve, OnePersonAcrossIssuersIsOneSubject) {
  for (const std::string& token : {test::keycloak_token(), test::generic_token()}) {
    const auto found = identify(token, two_issuers(), &directory());
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(found->subject.id, "alice");
    EXPECT_EQ(found->subject.proof, Proof::directory);
    EXPECT_EQ(found->subject.groups, (std::vector<std::string>{"clinicians", "staff"}));
    EXPECT_EQ(found->subject.employment, "employee");
    EXPECT_EQ(found->subject.guest, false);
    EXPECT_EQ(found->subject.contract_end, std::nullopt);
  }
}

TEST(Resolve, WithADirectoryTheProfilesSignIsNotEnough) {
  EXPECT_EQ(
      code_of(identify(test::keycloak_token({{"sub", "unknown"}}), two_issuers(), &directory())),
      "subject_unresolved");
  EXPECT_EQ(code_of(identify(test::generic_token({{"sub", "u-43"}}), two_issuers(), &directory())),
            "subject_inactive");
  // The key of one issuer is nobody at the other.
  EXPECT_EQ(code_of(identify(test::keycloak_token({{"sub", "u-42"}}), two_issuers(), &directory())),
            "subject_unresolved");
}

TEST(Resolve, MissingAttributesAreUnknown) {
  const auto found = identify(test::generic_token({{"sub", "u-44"}}), two_issuers(), &directory());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->subject.groups, std::nullopt);
  EXPECT_EQ(found->subject.guest, std::nullopt);
  EXPECT_EQ(found->subject.contract_end, 1806537600);  // 2027-04-01T00:00:00Z
}

TEST(Resolve, ServiceAccountsAreNoPersons) {
  for (const json& patch :
       {json{{"preferred_username", "service-account-batch"}}, json{{"clientHost", "10.0.0.1"}},
        json{{"clientAddress", "10.0.0.1"}}, json{{"azp", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
        json{{"azp", nullptr}, {"client_id", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}}}) {
    const std::string token = test::keycloak_token(patch);
    EXPECT_EQ(code_of(identify(token, two_issuers(), nullptr)), "subject_is_service") << patch;
    EXPECT_EQ(code_of(identify(token, two_issuers(), &directory())), "subject_is_service") << patch;
  }
  EXPECT_EQ(
      code_of(identify(test::generic_token({{"client_id", "u-42"}}), two_issuers(), &directory())),
      "subject_is_service");
}

TEST(Resolve, TheKeyIsAnIdentifier) {
  for (const json& sub :
       {json(""), json(7), json(std::string(513, 'a')), json("a\nb"), json(json::array({"u"}))}) {
    EXPECT_EQ(code_of(identify(test::keycloak_token({{"sub", sub}}), two_issuers(), nullptr)),
              "token_malformed")
        << sub;
  }
  EXPECT_EQ(code_of(identify(test::keycloak_token({{"sub", nullptr}}), two_issuers(), nullptr)),
            "token_malformed");
}

TEST(Resolve, GroupsHaveOneSource) {
  IdentityRules rules = two_issuers();
  rules.issuers[0].groups_claim = "roles";
  using Groups = std::optional<std::vector<std::string>>;
  const std::pair<json, Groups> cases[] = {
      {{{"roles", {"a", "b"}}}, Groups{{"a", "b"}}},
      {{{"roles", json::array()}}, Groups{std::vector<std::string>{}}},
      {json::object(), std::nullopt},
      {{{"groups", {"a"}}}, std::nullopt},
      {{{"roles", "a"}}, std::nullopt},
      {{{"roles", {"a", 1}}}, std::nullopt},
      {{{"roles", {"a", ""}}}, std::nullopt},
      {{{"roles", {"a", "b\u001b[2J"}}}, std::nullopt},
      {{{"roles", {{"a", true}}}}, std::nullopt},
  };
  for (const auto& [patch, groups] : cases) {
    for (const Directory* source : {static_cast<const Directory*>(nullptr), &directory()}) {
      const auto found = identify(test::keycloak_token(patch), rules, source);
      ASSERT_TRUE(found) << patch;
      EXPECT_EQ(found->subject.groups, groups) << patch;
    }
  }
  // The claim of an issuer that is not configured for it counts for nothing.
  const auto other = identify(test::generic_token({{"roles", {"admins"}}, {"groups", {"admins"}}}),
                              rules, &directory());
  ASSERT_TRUE(other);
  EXPECT_EQ(other->subject.groups, (std::vector<std::string>{"clinicians", "staff"}));
}

TEST(Resolve, AuthTimeIsAPastIntegerOrUnknown) {
  const std::pair<json, std::optional<std::int64_t>> cases[] = {
      {test::now - 900, test::now - 900},
      {test::now + 60, test::now + 60},
      {test::now + 61, std::nullopt},
      {1.5, std::nullopt},
      {"900", std::nullopt},
      {-1, std::nullopt},
  };
  for (const auto& [value, expected] : cases) {
    const auto found =
        identify(test::keycloak_token({{"auth_time", value}}), two_issuers(), nullptr);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->subject.auth_time, expected) << value;
  }
}

TEST(Resolve, ClientsAreDescribedByTheRegistry) {
  IdentityRules rules = two_issuers();
  rules.clients = {{.id = "chat", .kind = "interactive", .purpose = "care"},
                   {.id = "bare", .kind = "", .purpose = ""}};
  const auto client = [&](const json& patch) {
    return identify(test::keycloak_token(patch), rules, nullptr).value().client;
  };
  EXPECT_EQ(client(json::object()).id, "chat");
  EXPECT_EQ(client(json::object()).kind, "interactive");
  EXPECT_EQ(client(json::object()).purpose, "care");
  EXPECT_EQ(client({{"azp", "bare"}}).kind, std::nullopt);
  EXPECT_EQ(client({{"azp", "other"}}).id, "other");
  EXPECT_EQ(client({{"azp", "other"}}).kind, std::nullopt);
  EXPECT_EQ(client({{"azp", nullptr}}).id, std::nullopt);
  EXPECT_EQ(client({{"azp", nullptr}}).kind, std::nullopt);
}

TEST(Profiles, HaveNames) {
  EXPECT_EQ(identity_profile_from_name("keycloak"), IdentityProfile::keycloak);
  EXPECT_EQ(identity_profile_from_name("generic"), IdentityProfile::generic);
  EXPECT_EQ(identity_profile_from_name("Keycloak"), std::nullopt);
  EXPECT_EQ(identity_profile_name(IdentityProfile::generic), "generic");
}

}  // namespace
}  // namespace portcullis
