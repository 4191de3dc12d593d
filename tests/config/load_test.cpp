#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config.h"
#include "config/support.h"

namespace portcullis {
namespace {

using test::errors_of;
using test::minimal_config;
using test::parse;
using test::plus;
using test::with;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(LoadConfig, TheMinimalFileGivesDefaultsElsewhere) {
  const auto config = parse(minimal_config);
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->file, "dir/p.yaml");
  EXPECT_EQ(config->source, minimal_config);
  EXPECT_EQ(config->listen.endpoint.address, "127.0.0.1");
  EXPECT_EQ(config->listen.endpoint.port, 8080);
  EXPECT_FALSE(config->admin);
  EXPECT_EQ(config->limits.header_timeout, Milliseconds(10'000));
  EXPECT_EQ(config->upstreams.at(0).gateway, "none");
  EXPECT_FALSE(config->upstreams.at(0).credential);
  EXPECT_EQ(config->routes.at(0).identity_header, "Authorization");
  EXPECT_FALSE(config->routes.at(0).scan_unknown_members);
  EXPECT_EQ(config->identity.issuers.at(0).rules.profile, IdentityProfile::generic);
  EXPECT_EQ(config->identity.directory_file, "");
}

// The example of the architecture page.
TEST(LoadConfig, ReadsTheExampleOfTheDocumentation) {
  const auto config = parse(R"(
listen: {address: 127.0.0.1:8080}
admin: {address: 127.0.0.1:9090}
identity:
  issuers:
    - {issuer: "https://id.example.com/realms/acme", profile: keycloak, audience: [portcullis], algorithms: [RS256, ES256]}
  directory: {file: people.yaml}
upstreams:
  - {name: litellm, url: "http://127.0.0.1:4000", gateway: litellm, credential: {header: Authorization, value_from: {env: LITELLM_KEY}}}
routes:
  - {path: "/v1/*", upstream: litellm, surface: openai}
policy: {file: policy.yaml}
classify: {detectors: [builtin], minimum_confidence: medium}
audit: {directory: /var/lib/portcullis/audit, keys: /etc/portcullis/keys}
)");
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->admin->port, 9090);
  EXPECT_EQ(config->identity.issuers.at(0).rules.profile, IdentityProfile::keycloak);
  EXPECT_THAT(config->identity.issuers.at(0).rules.audience, ElementsAre("portcullis"));
  EXPECT_EQ(config->identity.directory_file, "dir/people.yaml");
  ASSERT_TRUE(config->upstreams.at(0).credential);
  EXPECT_EQ(config->upstreams.at(0).credential->value_from.env, "LITELLM_KEY");
  EXPECT_EQ(config->upstreams.at(0).credential->prefix, "Bearer ");
  EXPECT_EQ(config->policy_file, "dir/policy.yaml");
  EXPECT_EQ(config->audit.directory, "/var/lib/portcullis/audit");
  EXPECT_EQ(config->audit.signing_key_file, "/etc/portcullis/keys/signing.pem");
  EXPECT_EQ(config->audit.escrow_public_key_file, "/etc/portcullis/keys/escrow.pub");
  EXPECT_EQ(config->audit.evidence_key_file, "/etc/portcullis/keys/evidence.key");
}

TEST(LoadConfig, ReadsUnitsIntoTheirFields) {
  const auto config = parse(plus(
      "limits: {header_timeout: 500ms, stream_max: 1h, body_bytes_max: 1MiB, connections_max: 7}\n"
      "content: {decoded_bytes_max: 2MiB, depth_max: 5}\n"
      "log: {level: debug}\n"));
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->limits.header_timeout, Milliseconds(500));
  EXPECT_EQ(config->limits.stream_max, Milliseconds(3'600'000));
  EXPECT_EQ(config->limits.body_bytes_max, 1u << 20);
  EXPECT_EQ(config->limits.connections_max, 7u);
  EXPECT_EQ(config->content.depth_max, 5);
  EXPECT_EQ(config->log_level, "debug");
  const ContentOptions options = config->content_options(config->routes.at(0));
  EXPECT_EQ(options.limits.body_bytes_max, 1u << 20);
  EXPECT_EQ(options.limits.decoded_bytes_max, 2u << 20);
  EXPECT_EQ(options.limits.depth_max, 5);
}

TEST(LoadConfig, ReadsIdentityInFull) {
  const auto config =
      parse(with("      audience: [portcullis]\n",
                 "      audience: [a, b]\n      algorithms: [ES256]\n      clients: [app]\n"
                 "      types: [JWT]\n      lifetime_max: 1h\n      groups_claim: roles\n"
                 "      jwks_file: keys.json\n"
                 "  clients: [{id: app, kind: batch, purpose: billing, owner: finance}]\n"
                 "  directory: {file: /people.yaml, age_max: 0s}\n  clock_skew: 5s\n"));
  ASSERT_TRUE(config) << config.error().front();
  const IdentityRules rules = config->identity_rules();
  EXPECT_THAT(rules.issuers.at(0).audience, ElementsAre("a", "b"));
  EXPECT_THAT(rules.issuers.at(0).algorithms, ElementsAre("ES256"));
  EXPECT_THAT(rules.issuers.at(0).clients, ElementsAre("app"));
  EXPECT_THAT(rules.issuers.at(0).types, ElementsAre("JWT"));
  EXPECT_EQ(rules.issuers.at(0).lifetime_max_s, 3600);
  EXPECT_EQ(rules.issuers.at(0).groups_claim, "roles");
  EXPECT_EQ(rules.clients.at(0).kind, "batch");
  EXPECT_EQ(rules.clock_skew_s, 5);
  EXPECT_EQ(config->identity.issuers.at(0).jwks_file, "dir/keys.json");
  EXPECT_EQ(config->identity.directory_file, "/people.yaml");
  EXPECT_EQ(config->identity.directory_age_max.count(), 0);
}

TEST(LoadConfig, ReadsUpstreamHeadersAndRoutesInFull) {
  const auto config = parse(
      with("    upstream: gateway\n",
           "    upstream: gateway\n    identity_header: x-api-key\n    unknown_members: scan\n"
           "    extra_members: [/metadata/tag]\n") +
      "admin: {address: \"[::1]:0\"}\n"
      "classify: {custom: [{type: staff, class: employment, pattern: 'S[0-9]+', confidence: "
      "high}]}\n");
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->routes.at(0).identity_header, "x-api-key");
  const ContentOptions options = config->content_options(config->routes.at(0));
  EXPECT_TRUE(options.scan_unknown_members);
  EXPECT_THAT(options.extra_members, ElementsAre("/metadata/tag"));
  EXPECT_EQ(config->admin->address, "::1");
  EXPECT_EQ(config->classify.custom.at(0).data_class, "employment");
  EXPECT_EQ(config->classify.custom.at(0).confidence, Confidence::high);
}

struct Prefix {
  std::string_view credential;
  std::string_view expected;
};

TEST(LoadConfig, ReferencedAuthorizationIsBearerUnlessItSaysOtherwise) {
  const Prefix prefixes[] = {
      {"{header: Authorization, value_from: {env: K}}", "Bearer "},
      {"{header: authorization, value_from: {env: K}}", "Bearer "},
      {"{header: authorization, value_from: {env: K}, prefix: 'Basic '}", "Basic "},
      {"{header: authorization, value_from: {env: K}, prefix: ''}", ""},
      {"{header: x-api-key, value_from: {file: k}}", ""},
  };
  for (const auto& [credential, expected] : prefixes) {
    const auto config =
        parse(with("    url:", "    credential: " + std::string(credential) + "\n    url:"));
    ASSERT_TRUE(config) << config.error().front();
    EXPECT_EQ(config->upstreams.at(0).credential->prefix, expected) << credential;
  }
}

TEST(LoadConfig, ASecretIsNeverInline) {
  for (const std::string_view credential :
       {"{header: Authorization, value_from: sk-123}", "{header: Authorization, value: sk-123}",
        "{header: Authorization, value: sk-123, value_from: {env: K}}"}) {
    const ConfigErrors errors =
        errors_of(with("    url:", "    credential: " + std::string(credential) + "\n    url:"));
    EXPECT_THAT(errors, Contains(HasSubstr("a secret is never written inline"))) << credential;
    for (const std::string& error : errors) EXPECT_THAT(error, testing::Not(HasSubstr("sk-123")));
  }
}

TEST(LoadConfig, ReportsAllErrorsAtOnceWithTheirPlaces) {
  EXPECT_THAT(
      errors_of("listen: {adress: 127.0.0.1:80}\n"
                "limits:\n"
                "  header_timeout: 10\n"
                "  connections_max: many\n"
                "identity: {issuers: []}\n"
                "upstreams:\n"
                "  - {name: UP, url: ftp://x}\n"
                "routes:\n"
                "  - {path: v1, upstream: gateway}\n"
                "log: {level: loud}\n"),
      ElementsAre(
          "dir/p.yaml: policy.file: missing", "dir/p.yaml: audit.directory: missing",
          "dir/p.yaml: audit.keys: missing",
          "dir/p.yaml:1:10: unknown key \"adress\", did you mean \"address\"?",
          "dir/p.yaml:3:19: limits.header_timeout: expected a duration with its unit (ms, s, m, h, "
          "d) from 10ms to 10m, found \"10\"",
          "dir/p.yaml:4:20: expected an integer from 1 to 1000000, found \"many\"",
          "dir/p.yaml:5:21: identity.issuers: expected at least one entry",
          "dir/p.yaml:7:12: upstreams[0].name: expected at most 64 of a-z, 0-9, _, . and -",
          "dir/p.yaml:7:21: upstreams[0].url: expected a URL that begins with https:// or http://",
          "dir/p.yaml:9:12: routes[0].path: expected a path such as /v1/chat/completions, or a "
          "prefix such as /v1/*",
          "dir/p.yaml:9:26: routes[0].upstream: no upstream has the name \"gateway\"",
          "dir/p.yaml:10:14: log.level: expected one of debug, info, warning, error, found "
          "\"loud\""));
}

TEST(LoadConfig, WhatIsMissingIsReportedWhereItsMappingStands) {
  EXPECT_THAT(errors_of(with("    upstream: gateway\n", "")),
              ElementsAre("dir/p.yaml:9:5: routes[0].upstream: missing"));
  EXPECT_THAT(errors_of(with("policy: {file: policy.yaml}\n", "policy: {}\n")),
              ElementsAre("dir/p.yaml:11:9: policy.file: missing"));
}

TEST(LoadConfig, AnEmptyFileSaysWhatIsMissing) {
  EXPECT_THAT(errors_of(""), Contains("dir/p.yaml: the file: expected a mapping of keys"));
  EXPECT_THAT(errors_of("[a]"), Contains("dir/p.yaml:1:1: the file: expected a mapping of keys"));
}

TEST(LoadConfig, SyntaxErrorsAreReportedAlone) {
  EXPECT_THAT(errors_of("listen: {\n"), ElementsAre(HasSubstr("dir/p.yaml:2:1: ")));
  EXPECT_THAT(errors_of("listen: {}\nlisten: {}\n"),
              ElementsAre("dir/p.yaml:2:1: duplicate key \"listen\""));
}

TEST(LoadConfig, RefusesAFileThatIsTooLargeOrDoesNotExist) {
  EXPECT_THAT(errors_of(std::string((1u << 20) + 1, '#')),
              ElementsAre("dir/p.yaml: larger than 1048576 bytes"));
  const auto config = load_config("/nonexistent/p.yaml");
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(), ElementsAre("/nonexistent/p.yaml: No such file or directory"));
}

struct Wrong {
  std::string from;
  std::string to;
  std::string error;
};

TEST(LoadConfig, RefusesWhatTheReadersCannotType) {
  const Wrong table[] = {
      {"audience: [portcullis]", "audience: portcullis", ":4:17: expected a sequence of strings"},
      {"audience: [portcullis]", "audience: []",
       ":4:17: identity.issuers[0].audience: must not be"},
      {"audience: [portcullis]", "audience: ['']", "audience[0]: must not be empty"},
      {"name: gateway", "name: ''", ":6:11: upstreams[0].name: must not be empty"},
      {"name: gateway", "name: \"a\\nb\"", "control characters are not accepted"},
      {"name: gateway", "name: [a]", ":6:11: expected a string, found a sequence"},
      {"name: gateway", "name: gateway\n    gateway: litelm", "did you mean \"litellm\"?"},
      {"policy: {file: policy.yaml}", "policy: policy.yaml", ":11:9: policy: expected a mapping"},
      {"policy: {file: policy.yaml}", "policy: {file: policy.yaml}\nadmin:", "expected a mapping"},
      {"policy: {file: policy.yaml}", "policy: {file: policy.yaml}\nroute: []",
       ":12:1: unknown key \"route\", did you mean \"routes\"?"},
      {"  - path: /v1/*", "  - x\n  - path: /v1/*", ":9:5: routes[0]: expected a mapping"},
      {"routes:\n", "routes: {}\nlog:\n", "routes: expected a sequence of mappings"},
  };
  for (const auto& [from, to, error] : table) {
    EXPECT_THAT(errors_of(with(from, to)), Contains(HasSubstr(error))) << to;
  }
}

TEST(LoadConfig, BoundsEveryText) {
  EXPECT_THAT(errors_of(with("policy.yaml", std::string(4097, 'x'))),
              ElementsAre("dir/p.yaml:11:16: policy.file: longer than 4096 bytes"));
}

}  // namespace
}  // namespace portcullis
