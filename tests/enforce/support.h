// What the enforcement tests share: a small deployment with two issuers, a directory, a catalogue
// of two models and a policy, and requests to it.
//
// Everything immutable is made once per process. Single-threaded. Lifetimes: an Inquiry keeps its
// snapshot alive; a Site is copied and changed by the test before it makes a snapshot of it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "enforce/admit.h"
#include "enforce/ruling.h"
#include "identity/issuer_fixture.h"

namespace portcullis::test {

inline constexpr const char* alice_key = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
inline constexpr const char* decision_id = "01937b2a-0000-7000-8000-000000000001";

inline constexpr const char* site_policy = R"(
apiVersion: portcullis/v1
kind: PolicySet
metadata: {name: site, sequence: 7}
models:
  general: {names: [gpt-4o, gpt-4o-mini], region: eu, tags: [zero_retention]}
  elsewhere: {names: [far-model], upstream: far}
rules:
  - id: permit-people
    effect: permit
    match: {subject.kind: person}
    data_within: [contact]
  - id: redact-identifiers
    effect: require
    match: {data.classes: {any_of: [pii, pci]}}
    obligations: [{type: redact, classes: [pii, pci]}]
  - id: forbid-secrets
    effect: forbid
    tier: hard
    match: {data.classes: {any_of: [secret]}}
)";

inline constexpr const char* site_people = R"(
people:
  - id: alice
    employment: employee
    identities: [{issuer: "https://id.example.com/realms/acme", key: f81d4fae-7dec-11d0-a765-00a0c91e6bf6}]
  - id: gone
    active: false
    identities: [{issuer: "https://login.example.org", key: u-gone}]
)";

inline std::shared_ptr<const Directory> directory_of(const std::string& yaml) {
  auto loaded = Directory::load(yaml, "people.yaml");
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().front());
  return loaded ? *loaded : nullptr;
}

inline std::shared_ptr<const Classifier> classifier_of(const ClassifierOptions& options) {
  auto compiled = Classifier::compile(options);
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().message);
  return compiled ? *compiled : nullptr;
}
inline std::shared_ptr<const Classifier> shipped_classifier() {
  static const auto classifier = classifier_of({});
  return classifier;
}

inline std::shared_ptr<const PolicySet> policy_of(const std::string& yaml) {
  PolicyContext context;
  context.data_classes = shipped_classifier()->classes();
  PolicyLoad load = load_policy(yaml, "policy.yaml", context);
  EXPECT_TRUE(load.policy) << (load.errors.empty() ? "" : load.errors.front());
  return load.policy;
}

// A deployment before it is frozen into a snapshot.
struct Site {
  Config config;
  std::shared_ptr<const PolicySet> policy = policy_of(site_policy);
  std::shared_ptr<const Classifier> classifier = shipped_classifier();
  std::shared_ptr<const Directory> directory = directory_of(site_people);
  std::int64_t directory_time = now - 60;
  std::vector<IssuerKeys> keys = keys_of_two();

  Site() {
    for (const IssuerRules& rules : two_issuers().issuers) {
      config.identity.issuers.push_back({.rules = rules});
    }
    config.upstreams.push_back({.name = "near", .url = "http://127.0.0.1:4000", .region = "eu"});
    config.upstreams.push_back({.name = "far", .url = "http://127.0.0.1:4001", .region = "us"});
    config.routes.push_back({.path = "/v1/*", .upstream = "near"});
  }

  std::shared_ptr<const Snapshot> snapshot() const {
    auto made = std::make_shared<Snapshot>();
    made->config = std::make_shared<const Config>(config);
    made->identity = config.identity_rules();
    made->policy = policy;
    made->classifier = classifier;
    made->directory = directory;
    made->directory_time = directory_time;
    made->keys = keys;
    return made;
  }
};

inline RequestHead chat_head() {
  RequestHead head;
  head.method = "POST";
  head.path = "/v1/chat/completions";
  head.headers = {{"host", "llm.example.com"}, {"content-type", "application/json"}};
  head.source = "192.0.2.7";
  head.content_length = 100;
  return head;
}

inline Inquiry inquiry_of(const Site& site, RequestHead head = chat_head()) {
  Inquiry inquiry;
  inquiry.id = decision_id;
  inquiry.head = std::move(head);
  inquiry.snapshot = site.snapshot();
  inquiry.now = now;
  return inquiry;
}

// A request whose person and endpoint are established, ready to be judged.
inline Inquiry admitted(const Site& site, RequestHead head = chat_head()) {
  Inquiry inquiry = inquiry_of(site, std::move(head));
  TokenCache cache(16);
  EXPECT_TRUE(find_route(inquiry).has_value());
  const std::string token = keycloak_token();
  const OrDenial<void> who = portcullis::identify(inquiry, PresentedToken(token), cache);
  EXPECT_TRUE(who.has_value()) << (who ? "" : who.error().detail);
  const OrDenial<void> in = admit(inquiry);
  EXPECT_TRUE(in.has_value()) << (in ? "" : in.error().detail);
  return inquiry;
}

inline const EvidenceKey& evidence_key() {
  static const EvidenceKey key(sha256(std::string_view("evidence")));
  return key;
}

inline Ruling judged(const Inquiry& inquiry, std::string body) {
  Scanner scanner(inquiry.snapshot->classifier);
  return judge(inquiry, std::move(body), scanner, evidence_key());
}

inline json chat_body(const std::string& content, const std::string& model = "gpt-4o") {
  return {{"model", model}, {"messages", {{{"role", "user"}, {"content", content}}}}};
}

}  // namespace portcullis::test
