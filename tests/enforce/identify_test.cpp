// identify() with real signatures: who may be cached, and that a cached token is judged anew.
#include "enforce/support.h"

namespace portcullis::test {
namespace {

struct Identification {
  Inquiry inquiry;
  OrDenial<void> result;
};

Identification identified(const Site& site, const std::string& token, TokenCache& cache,
                          std::int64_t at = now) {
  Identification out{inquiry_of(site), {}};
  out.inquiry.now = at;
  EXPECT_TRUE(find_route(out.inquiry));
  out.result = portcullis::identify(out.inquiry, PresentedToken(token), cache);
  return out;
}

TEST(Identify, FindsThePerson) {
  TokenCache cache(4);
  const Identification out = identified(Site(), keycloak_token(), cache);
  ASSERT_TRUE(out.result) << out.result.error().detail;
  ASSERT_TRUE(out.inquiry.is_identified());
  EXPECT_EQ(out.inquiry.who->subject.id, "alice");
  EXPECT_EQ(out.inquiry.who->subject.kind, SubjectKind::person);
  EXPECT_EQ(out.inquiry.who->token.token_id, "token-1");
}

struct RefusalRow {
  const char* what;
  std::string token;
  const char* code;
  bool verified;  // what the token says may be recorded
};

TEST(Identify, RefusesAndKeepsOnlyWhatWasVerified) {
  std::string forged = keycloak_token();
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  const RefusalRow rows[] = {
      {"signature", forged, "token_signature", false},
      {"not a token", "abc", "token_malformed", false},
      {"empty", "", "token_malformed", false},
      {"issuer", keycloak_token({{"iss", "https://evil.example"}}), "token_issuer_unknown", false},
      {"key of another issuer", sign_access_token(keycloak_claims().dump(), other_key()),
       "token_signature", false},
      {"expired", keycloak_token({{"exp", now - 3600}, {"iat", now - 3700}}), "token_expired",
       true},
      {"audience", keycloak_token({{"aud", "other"}}), "token_audience", true},
      {"nobody", keycloak_token({{"sub", "someone-else"}}), "subject_unresolved", true},
      {"no session, not in the directory", generic_token(), "subject_unresolved", true},
      {"left the company", generic_token({{"sub", "u-gone"}}), "subject_inactive", true},
      {"service account", keycloak_token({{"preferred_username", "service-account-batch"}}),
       "subject_is_service", true},
      {"bound", keycloak_token({{"cnf", {{"jkt", "x"}}}}), "token_bound", true},
  };
  for (const RefusalRow& row : rows) {
    TokenCache cache(4);
    const Identification out = identified(Site(), row.token, cache);
    EXPECT_EQ(code_of(out.result), row.code) << row.what;
    EXPECT_FALSE(out.inquiry.is_identified()) << row.what;
    EXPECT_EQ(out.inquiry.who.has_value(), row.verified) << row.what;
    if (out.inquiry.who) {
      EXPECT_TRUE(out.inquiry.who->subject.id.empty()) << row.what;
      EXPECT_EQ(out.inquiry.who->token.digest, sha256(row.token)) << row.what;
    }
  }
}

TEST(Identify, WithoutKeysNothingIsVerified) {
  for (const bool has_keys : {false, true}) {
    Site site;
    site.keys = keys_of_two();
    site.keys[0].usable = false;
    if (!has_keys) site.keys[0].keys = nullptr;
    TokenCache cache(4);
    const Identification out = identified(site, keycloak_token(), cache);
    EXPECT_EQ(code_of(out.result), "issuer_unavailable");
    EXPECT_FALSE(out.inquiry.is_identified());
  }
}

TEST(Identify, AStaleDirectoryProvesNobody) {
  struct Row {
    std::int64_t age;
    std::int64_t age_max;
    const char* code;
  };
  constexpr Row rows[] = {{86400, 86400, "none"},
                          {86401, 86400, "directory_stale"},
                          {86401, 0, "none"},
                          {-3600, 86400, "none"}};
  for (const Row& row : rows) {
    Site site;
    site.directory_time = now - row.age;
    site.config.identity.directory_age_max = std::chrono::seconds(row.age_max);
    TokenCache cache(4);
    const Identification out = identified(site, keycloak_token(), cache);
    EXPECT_EQ(code_of(out.result), row.code) << row.age << "/" << row.age_max;
    EXPECT_EQ(out.inquiry.is_identified(), out.result.has_value());
  }
}

TEST(Identify, WithoutADirectoryTheProfileMustProveThePerson) {
  Site site;
  site.directory = nullptr;
  site.directory_time = 0;
  TokenCache cache(4);
  EXPECT_TRUE(identified(site, keycloak_token(), cache).result);
  EXPECT_EQ(code_of(identified(site, keycloak_token({{"sid", nullptr}}), cache).result),
            "subject_unresolved");
  EXPECT_EQ(code_of(identified(site, generic_token(), cache).result), "subject_unresolved");
}

// ---------------------------------------------------------------- cached tokens

class CachedToken : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(identified(site_, token_, cache_).result);
    ASSERT_TRUE(is_cached(inquiry_of(site_), PresentedToken(token_), cache_));
  }
  std::string code_now(std::int64_t at = now) {
    const Identification out = identified(site_, token_, cache_, at);
    EXPECT_EQ(out.inquiry.is_identified(), out.result.has_value());
    return code_of(out.result);
  }
  Site site_;
  TokenCache cache_{4};
  const std::string token_ = keycloak_token();
};

TEST_F(CachedToken, StaysGoodWhileNothingChanges) {
  EXPECT_EQ(code_now(), "none");
  EXPECT_EQ(code_now(now + 299), "none");
}

TEST_F(CachedToken, ExpiresAllTheSame) {
  EXPECT_EQ(code_now(now + 300 + 61), "token_expired");
  EXPECT_TRUE(is_cached(inquiry_of(site_), PresentedToken(token_), cache_))
      << "it was not even cached";
}

TEST_F(CachedToken, OfAPersonWhoWasRemovedIsRefused) {
  site_.directory = directory_of("people: [{id: bob, identities: [{issuer: i, key: k}]}]\n");
  EXPECT_EQ(code_now(), "subject_unresolved");
}

TEST_F(CachedToken, OfAPersonWhoWasDeactivatedIsRefused) {
  std::string people = site_people;
  people.replace(people.find("employment: employee"), 20, "active: false       ");
  site_.directory = directory_of(people);
  EXPECT_EQ(code_now(), "subject_inactive");
}

TEST_F(CachedToken, DoesNotOutliveADirectoryThatGrewOld) {
  site_.directory_time = now - 86401;
  EXPECT_EQ(code_now(), "directory_stale");
}

TEST_F(CachedToken, IsVerifiedAgainWithChangedKeys) {
  site_.keys[0].keys = KeySet::parse(key_set_of({rsa_key().public_jwk()})).value();
  ++site_.keys[0].generation;
  EXPECT_FALSE(is_cached(inquiry_of(site_), PresentedToken(token_), cache_));
  EXPECT_EQ(code_now(), "token_key_unknown");
}

TEST_F(CachedToken, IsWorthNothingOnceItsKeysAreTooOld) {
  site_.keys[0].usable = false;
  EXPECT_EQ(code_now(), "issuer_unavailable");
}

TEST_F(CachedToken, IsJudgedByTheAudiencesOfNow) {
  site_.config.identity.issuers[0].rules.audience = {"other"};
  EXPECT_EQ(code_now(), "token_audience");
}

TEST(TokenCacheBound, IdentifyWorksWithTheSmallestCache) {
  TokenCache cache(1);
  const Site site;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(identified(site, keycloak_token({{"jti", std::to_string(i)}}), cache).result);
  }
}

}  // namespace
}  // namespace portcullis::test
