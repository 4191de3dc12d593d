// The identity of a policy set: what changes it, and what does not.
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"
#include "policy/canonical.h"
#include "policy/compile.h"
#include "policy/support.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

std::shared_ptr<const PolicySet> load(const std::string& text) {
  const PolicyLoad load = load_policy(text, "p", test::context());
  EXPECT_TRUE(load.errors.empty()) << load.errors[0];
  return load.policy;
}

const std::string base = test::with_rules(
    "rules:\n"
    "  - {id: b, effect: permit, match: {subject.groups: {any_of: [y, x]}, action: chat}, "
    "data_within: [pii, contact]}\n"
    "  - {id: a, effect: forbid, match: {request.action: [embed]}}\n");

TEST(PolicyDigest, IsOverTheCanonicalForm) {
  const auto policy = load(base);
  const std::string canonical =
      R"({"apiVersion":"portcullis/v1","kind":"PolicySet","metadata":{"name":"t","sequence":1},)"
      R"("models":[{"key":"m","names":["gpt"],"tags":[]}],"rules":[)"
      R"({"effect":"forbid","id":"a","match":[{"attribute":"action","operator":"any_of","value":["embed"]}],)"
      R"("min_confidence":"low","mode":"enforce","tier":"hard"},)"
      R"({"data_within":["contact","pii"],"effect":"permit","id":"b","match":[)"
      R"({"attribute":"subject.groups","operator":"any_of","value":["x","y"]},)"
      R"({"attribute":"action","operator":"any_of","value":["chat"]}],)"
      R"("min_confidence":"low","mode":"enforce"}],"semantics":1})";
  EXPECT_EQ(policy::canonical_json(policy->compiled().syntax), canonical);
  EXPECT_EQ(policy->digest(), sha256(canonical));
  EXPECT_EQ(policy->source_digest(), sha256(base));
}

TEST(PolicyDigest, DoesNotDependOnHowItIsWritten) {
  const auto other = load(
      "# a comment\n"
      "kind: PolicySet\n"
      "rules:\n"
      "  - id: a\n"
      "    match: {action: embed}\n"
      "    tier: hard\n"
      "    effect: forbid\n"
      "  - id: b\n"
      "    mode: enforce\n"
      "    effect: permit\n"
      "    match: {action: [chat, chat], subject.groups: {any_of: [x, \"y\"]}}\n"
      "    min_confidence: low\n"
      "    data_within: [contact, pii]\n"
      "models: {m: {names: [gpt], tags: []}}\n"
      "metadata: {sequence: 1, name: t}\n"
      "apiVersion: portcullis/v1\n");
  EXPECT_EQ(hex(other->digest()), hex(load(base)->digest()));
  EXPECT_NE(other->source_digest(), load(base)->source_digest());
}

TEST(PolicyDigest, EveryDifferenceOfMeaningChangesIt) {
  const std::pair<const char*, const char*> changes[] = {
      {"name: t", "name: u"},
      {"sequence: 1", "sequence: 2"},
      {"sequence: 1", "sequence: 1, valid_until: 2027-01-01T00:00:00Z"},
      {"[gpt]", "[gpt2]"},
      {"m: {", "n: {"},
      {"[gpt]", "[gpt], region: eu"},
      {"[gpt]", "[gpt], tags: [t]"},
      {"[gpt]", "[gpt], upstream: litellm"},
      {"id: b", "id: c"},
      {"any_of", "all_of"},
      {"[y, x]", "[y]"},
      {"action: chat", "action: {not: chat}"},
      {"[pii, contact]", "[pii]"},
      {"effect: forbid,", "effect: forbid, tier: soft,"},
      {"effect: forbid,", "effect: forbid, mode: shadow,"},
      {"effect: forbid,", "effect: forbid, min_confidence: high,"},
      {"effect: forbid,", "effect: forbid, valid_until: 2027-01-01T00:00:00Z,"},
      {"effect: forbid,", "effect: forbid, owner: me,"},
      {"effect: forbid,", "effect: forbid, ticket: me,"},
  };
  const Digest before = load(base)->digest();
  for (const auto& [from, to] : changes) {
    std::string text = base;
    text.replace(text.find(from), std::string_view(from).size(), to);
    EXPECT_NE(load(text)->digest(), before) << to;
  }
}

TEST(PolicySet, TellsWhatItIs) {
  const auto policy = load(base);
  EXPECT_EQ(policy->name(), "t");
  EXPECT_EQ(policy->sequence(), 1);
  EXPECT_EQ(policy->rule_count(), 2u);
  ASSERT_NE(policy->find_model("gpt"), nullptr);
  EXPECT_EQ(policy->find_model("gpt")->key, "m");
  for (const char* name : {"", "gp", "gpt2", "GPT", "m"}) {
    EXPECT_EQ(policy->find_model(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace portcullis
