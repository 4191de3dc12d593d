#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/support.h"

namespace portcullis {
namespace {

using test::errors_of;
using test::minimal_config;
using test::with;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view issuer = "issuer: https://id.example.com";
constexpr std::string_view upstream = "name: gateway";
constexpr std::string_view route = "upstream: gateway";
constexpr std::string_view end = "audit: {directory: audit, keys: /keys}\n";

struct Case {
  std::string_view from;
  std::string to;
  std::string_view error;  // empty: accepted
};

void expect_all(std::span<const Case> cases) {
  for (const auto& [from, to, error] : cases) {
    const ConfigErrors errors = errors_of(with(from, to));
    if (error.empty()) {
      EXPECT_THAT(errors, IsEmpty()) << to;
    } else {
      EXPECT_THAT(errors, Contains(HasSubstr(error))) << to;
    }
  }
}

std::string appended(std::string_view text) { return std::string(end) + std::string(text); }

std::string with_anchors(const std::string& anchors) {
  return "audit: {directory: audit, keys: /keys, anchors: {" + anchors + "}}\n";
}

TEST(ValidateConfig, Anchors) {
  const Case cases[] = {
      {end, with_anchors(""), ""},
      {end, with_anchors("time_stamp: {url: 'http://tsa.example/tsr', ca_file: a.pem}"), ""},
      {end, with_anchors("time_stamp: {url: 'http://tsa.example/tsr'}"),
       "audit.anchors.time_stamp.ca_file"},
      {end, with_anchors("time_stamp: {url: 'ftp://tsa.example', ca_file: a.pem}"),
       "audit.anchors.time_stamp.url: expected a URL"},
      {end, with_anchors("time_stamp: {url: 'http://t', ca_file: a, tls_ca_file: b}"),
       "tls_ca_file: has no use with an http:// url"},
      {end, with_anchors("time_stamp: {url: 'http://t', ca_file: a, every: 0s}"), "every"},
      {end, with_anchors("time_stamp: {url: 'http://t', ca_file: a, evry: 1s}"), "evry"},
      {end, with_anchors("witnesses: [{url: 'https://w/x', key: k}]"), ""},
      {end, with_anchors("witnesses: [{url: 'https://w/x', key_file: k, tls_ca_file: c}]"), ""},
      {end, with_anchors("witnesses: [{url: 'https://w/x'}]"), "exactly one of key and key_file"},
      {end, with_anchors("witnesses: [{url: 'https://w', key: k, key_file: k}]"),
       "exactly one of key and key_file"},
      {end, with_anchors("witnesses: [{url: 'https://w', key: k}, {url: 'https://w', key: l}]"),
       "witnesses[1].url: another witness has it"},
  };
  expect_all(cases);
}

TEST(ValidateConfig, Identity) {
  const Case cases[] = {
      {issuer, "issuer: http://id.example.com",
       ":3:15: identity.issuers[0].issuer: expected https"},
      {issuer, "issuer: http://127.0.0.1:9000", ""},
      {issuer, "issuer: http://127.8.8.8:9000/x", ""},
      {issuer, "issuer: http://localhost", ""},
      {issuer, "issuer: 'http://[::1]:1'", ""},
      {issuer, "issuer: http://localhost.example.com", "expected https"},
      {issuer, "issuer: http://127.0.0.1.example.com", "expected https"},
      {issuer, "issuer: http://10.0.0.1", "expected https"},
      {issuer, "issuer: http://id.example.com\n      jwks_file: k.json", ""},
      {issuer, "issuer: urn:x\n      jwks_file: k.json", ""},
      {issuer, "issuer: urn:x", "expected a URL"},
      {issuer, std::string(issuer) + "\n      jwks_uri: http://id.example.com/k",
       "jwks_uri: expected https"},
      {issuer, std::string(issuer) + "\n      jwks_uri: https://k.example.com/k", ""},
      {issuer, std::string(issuer) + "\n      jwks_uri: https://k\n      jwks_file: k",
       "at most one of"},
      {issuer, std::string(issuer) + "\n      ca_file: c\n      jwks_file: k",
       "no use with jwks_file"},
      {issuer, std::string(issuer) + "\n      algorithms: []", "algorithms: must not be empty"},
      {issuer, std::string(issuer) + "\n      algorithms: [RS256, HS256]",
       ":4:27: identity.issuers[0].algorithms[1]: expected one of RS256, ES256, found \"HS256\""},
      {issuer, std::string(issuer) + "\n      algorithms: [none]", "found \"none\""},
      {issuer, std::string(issuer) + "\n      algorithms: [rs256]", "found \"rs256\""},
      {issuer, std::string(issuer) + "\n      types: []", "types: must not be empty"},
      {issuer, std::string(issuer) + "\n      profile: keycload", "did you mean \"keycloak\"?"},
      {issuer, std::string(issuer) + "\n      lifetime_max: 1500ms", "in whole seconds"},
      {issuer, std::string(issuer) + "\n      audience: [x]\n    - " + std::string(issuer),
       ":5:15: identity.issuers[1].issuer: listed twice"},
      {"upstreams:", "  clients: [{id: a}, {id: a}]\nupstreams:", "clients[1].id: listed twice"},
      {"upstreams:", "  clients: [{id: a, kind: robot}]\nupstreams:", "interactive, agent, batch"},
      {"upstreams:", "  jwks_age_max: 2m\nupstreams:", "expected more than jwks_refresh"},
      {"upstreams:", "  directory: {}\nupstreams:", "identity.directory.file: missing"},
  };
  expect_all(cases);
}

TEST(ValidateConfig, Upstreams) {
  const auto credential = [](std::string_view text) {
    return "name: gateway\n    credential: " + std::string(text);
  };
  const auto headers = [](std::string_view text) {
    return "name: gateway\n    headers: " + std::string(text);
  };
  const Case cases[] = {
      {upstream, "name: Gateway", "expected at most 64 of a-z"},
      {upstream, "name: gatewy",
       ":10:15: routes[0].upstream: no upstream has the name \"gateway\", did you mean"},
      {upstream, "name: gateway\n    url: http://a\n  - name: gateway",
       "another upstream has this name"},
      {"https://gateway.example.com/base", "http://gateway.example.com\n    ca_file: c.pem",
       "no use with an http"},
      {"https://gateway.example.com/base", "https://u:p@gateway.example.com", "without user"},
      {upstream, credential("{header: x-key, value_from: {}}"), "exactly one of env and file"},
      {upstream, credential("{header: x-key, value_from: {env: A, file: b}}"),
       "exactly one of env and file"},
      {upstream, credential("{header: x-key}"), "exactly one of env and file"},
      {upstream, credential("{value_from: {env: A}}"), "credential.header: missing"},
      {upstream, credential("{header: x-key, value_from: {env: 'A B'}}"),
       "name of an environment variable"},
      {upstream, credential("{header: x-key, value_from: {env: 1A}}"),
       "name of an environment variable"},
      {upstream, credential("{header: 'x key', value_from: {env: A}}"),
       "expected the name of a header"},
      {upstream, credential("{header: 'x:', value_from: {env: A}}"),
       "expected the name of a header"},
      {upstream, credential("{header: Host, value_from: {env: A}}"), "writes this header itself"},
      {upstream, credential("{header: Transfer-Encoding, value_from: {env: A}}"),
       "writes this header itself"},
      {upstream, headers("[{header: content-length, value: 1}]"), "writes this header itself"},
      {upstream, headers("[{header: x-a, value: b}]"), ""},
      {upstream, headers("[{header: x-a, value_from: {env: B}}]"), ""},
      {upstream, headers("[{header: x-a}]"), "exactly one of value and value_from"},
      {upstream, headers("[{header: x-a, value: b, value_from: {env: B}}]"),
       "exactly one of value and"},
      {upstream, headers("[{header: x-a, value: b}, {header: X-A, value: c}]"),
       "sets the header twice"},
      {upstream,
       headers("[{header: x-a, value: b}]") +
           "\n    credential: {header: X-A, value_from: {env: A}}",
       "sets the header twice"},
  };
  expect_all(cases);
}

TEST(ValidateConfig, Routes) {
  const Case cases[] = {
      {"path: /v1/*", "path: /v1/chat", ""},
      {"path: /v1/*", "path: /*", ""},
      {"path: /v1/*", "path: /", ""},
      {"path: /v1/*", "path: /v1*", "expected a path"},
      {"path: /v1/*", "path: /*/v1", "expected a path"},
      {"path: /v1/*", "path: v1/*", "expected a path"},
      {"path: /v1/*", "path: //v1", "expected a path"},
      {"path: /v1/*", "path: /v1//*", "expected a path"},
      {"path: /v1/*", "path: /v1/../x", "expected a path"},
      {"path: /v1/*", "path: /v1/./x", "expected a path"},
      {"path: /v1/*", "path: /v1%2fx", "expected a path"},
      {"path: /v1/*", "path: /v1?x", "expected a path"},
      {"path: /v1/*", "path: '/v1#x'", "expected a path"},
      {"path: /v1/*", "path: '/v 1'", "expected a path"},
      {route, "upstream: gateway\n  - path: /v1/*\n    upstream: gateway",
       "routes[1].path: another"},
      {route, "upstream: gateway\n    surface: opnai", "did you mean \"openai\"?"},
      {route, "upstream: gateway\n    identity_header: Cookie", "identity_header: expected one of"},
      {route, "upstream: gateway\n    extra_members: [a]",
       "extra_members[0]: expected a JSON pointer"},
      {route, "upstream: gateway\n    extra_members: [/a~2]", "expected a JSON pointer"},
      {route, "upstream: gateway\n    extra_members: [/a~]", "expected a JSON pointer"},
      {route, "upstream: gateway\n    extra_members: [/a~0~1/b]", ""},
  };
  expect_all(cases);
}

TEST(ValidateConfig, Listen) {
  const Case cases[] = {
      {end, appended("listen: {address: 0.0.0.0:0}\n"), ""},
      {end, appended("listen: {address: '[::]:80'}\n"), ""},
      {end, appended("listen: {address: ':80'}\n"),
       ":13:19: listen.address: expected ADDRESS:PORT"},
      {end, appended("listen: {address: localhost:80}\n"), "expected ADDRESS:PORT"},
      {end, appended("listen: {address: '::1:80'}\n"), "expected ADDRESS:PORT"},
      {end, appended("listen: {address: '[127.0.0.1]:80'}\n"), "expected ADDRESS:PORT"},
      {end, appended("listen: {address: 127.0.0.1}\n"), "expected ADDRESS:PORT"},
      {end, appended("listen: {address: 127.0.0.1:65536}\n"), "from 0 to 65535"},
      {end, appended("listen: {address: 127.0.0.1:080}\n"), "from 0 to 65535"},
      {end, appended("listen: {tls: {certificate: c}}\n"), "listen.tls.private_key: missing"},
      {end, appended("listen: {tls: {private_key: c}}\n"), "listen.tls.certificate: missing"},
      {end, appended("listen: {tls: {certificate: c, private_key: k}}\n"), ""},
      {end, appended("listen: {public_url: llm.example.com}\n"),
       "listen.public_url: expected a URL"},
      {end, appended("listen: {trusted_proxies: [10.0.0.0/8, '::1', 'fd00::/8']}\n"), ""},
      {end, appended("listen: {trusted_proxies: [10.0.0.1/8]}\n"), "trusted_proxies[0]: has bits"},
      {end, appended("listen: {trusted_proxies: [10.0.0.0/33]}\n"), "from 0 to 32"},
      {end, appended("listen: {trusted_proxies: [proxy]}\n"), "expected an IP address"},
      {end,
       appended("listen: {cors_origins: ['https://a.example:8443', 'http://localhost:3000']}\n"),
       ""},
      {end, appended("listen: {cors_origins: ['*']}\n"),
       "cors_origins[0]: expected an exact origin"},
      {end, appended("listen: {cors_origins: ['https://a.example/']}\n"),
       "expected an exact origin"},
      {end, appended("listen: {cors_origins: ['https://a.example:443']}\n"),
       "expected an exact origin"},
      {end, appended("listen: {cors_origins: ['https://A.example']}\n"),
       "expected an exact origin"},
      {end, appended("listen: {cors_origins: ['https://*.example']}\n"),
       "expected an exact origin"},
      {end, appended("admin: {address: 127.0.0.1:8080}\n"), "admin.address: the same as listen"},
      {end, appended("admin: {address: 127.0.0.1:0}\nlisten: {address: 127.0.0.1:0}\n"), ""},
  };
  expect_all(cases);
}

TEST(ValidateConfig, LimitsClassifyAndAudit) {
  const Case cases[] = {
      {end, appended("limits: {header_timeout: 9ms}\n"), "from 10ms to 10m, found \"9ms\""},
      {end, appended("limits: {header_timeout: 10ms}\n"), ""},
      {end, appended("limits: {header_timeout: 601s}\n"), "from 10ms to 10m"},
      {end, appended("limits: {body_bytes_max: 16M}\n"), "expected a size with its unit"},
      {end, appended("limits: {body_bytes_max: 33MiB}\n"), "smaller than limits.body_bytes_max"},
      {end, appended("limits: {exchange_memory_max: 47MiB}\n"),
       ":13:31: limits.exchange_memory_max"},
      {end, appended("limits: {memory_per_subject_max: 255MiB}\n"),
       "limits.memory_per_subject_max: smaller than limits.exchange_memory_max"},
      {end, appended("limits: {memory_max: 512MiB}\n"),
       "limits.memory_per_subject_max: not smaller than limits.memory_max"},
      {end, appended("limits: {memory_max: 513MiB}\n"), ""},
      {end, appended("limits: {answer_bytes_max: 241MiB}\n"),
       "smaller than twice limits.answer_bytes_max and limits.body_bytes_max together"},
      {end, appended("limits: {answer_bytes_max: 240MiB}\n"), ""},
      {end, appended("limits: {connections_max: 0}\n"), "expected an integer from 1"},
      {end, appended("classify: {detectors: []}\n"), "expected [builtin]"},
      {end, appended("classify: {detectors: [own]}\n"), "expected [builtin]"},
      {end, appended("classify: {countries: [US]}\n"), "countries[0]: expected a country"},
      {end, appended("classify: {countries: [us, us]}\n"), "countries[1]: listed twice"},
      {end, appended("classify: {countries: []}\n"), ""},
      {end, appended("classify: {minimum_confidence: hihg}\n"), "did you mean \"high\"?"},
      {end, appended("classify: {custom: [{type: Staff, class: c, pattern: x}]}\n"),
       "custom[0].type: expected a"},
      {end, appended("classify: {custom: [{type: 1a, class: c, pattern: x}]}\n"),
       "custom[0].type: expected a"},
      {end,
       appended("classify: {custom: [{type: a, class: c, pattern: x}, {type: a, class: c, pattern: "
                "y}]}\n"),
       "custom[1].type: another detector"},
      {end, appended("classify: {custom: [{type: a, class: c}]}\n"), "pattern: missing"},
      {end, appended("classify: {custom: [{type: a, class: c, pattern: x, distance: 1001}]}\n"),
       "1 to 1000"},
      {end, "audit: {directory: a, keys: k, deployment: 'a b'}\n", "audit.deployment: expected"},
      {end, "audit: {directory: a, keys: k, deployment: ''}\n", "audit.deployment: expected"},
  };
  expect_all(cases);
}

}  // namespace
}  // namespace portcullis
