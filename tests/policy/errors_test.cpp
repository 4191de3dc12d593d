// Everything that a policy may not say, with the place where it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/support.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> errors_of(const std::string& text) {
  const PolicyLoad load = load_policy(text, "p", test::context());
  EXPECT_EQ(load.policy == nullptr, !load.errors.empty());
  return load.errors;
}

struct Row {
  const char* name;
  std::string rules;  // from line 5
  const char* place;
  const char* what;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

std::string rule(const std::string& rest) { return "rules:\n  - {id: r, " + rest + "}\n"; }
std::string permit(const std::string& match) {
  return rule("effect: permit, data_within: [],\n     match: {" + match + "}");
}
std::string require(const std::string& obligations) {
  return rule("effect: require, match: {},\n     obligations: " + obligations);
}

class PolicyError : public testing::TestWithParam<Row> {};

TEST_P(PolicyError, IsReportedWhereItStands) {
  const Row& row = GetParam();
  EXPECT_THAT(errors_of(test::with_rules(row.rules)),
              ElementsAre(testing::AllOf(StartsWith(std::string("p:") + row.place + ": "),
                                         HasSubstr(row.what))));
}

const Row rule_rows[] = {
    {"rules_mapping", "rules: {}\n", "5:8", "expected a sequence of rules"},
    {"rule_scalar", "rules: [x]\n", "5:9", "expected a rule"},
    {"no_id", "rules:\n  - {effect: forbid, match: {}}\n", "6:5", "missing key \"id\""},
    {"no_effect", "rules:\n  - {id: r, match: {}}\n", "6:5", "missing key \"effect\""},
    {"no_match", "rules:\n  - {id: r, effect: forbid}\n", "6:5", "missing key \"match\""},
    {"null_match", "rules:\n  - {id: r, effect: forbid, match: }\n", "6:29", "expected a mapping"},
    {"no_data_within", rule("effect: permit, match: {}"), "6:5", "missing key \"data_within\""},
    {"no_obligations", rule("effect: require, match: {}"), "6:5", "missing key \"obligations\""},
    {"bad_id", "rules:\n  - {id: a b, effect: forbid, match: {}}\n", "6:10", "expected letters"},
    {"same_id",
     "rules:\n  - {id: r, effect: forbid, match: {}}\n  - {id: r, effect: forbid, match: {}}\n",
     "7:5", "already used in line 6"},
    {"bad_effect", rule("effect: allow, match: {}"), "6:21", "permit, forbid, require"},
    {"lift", rule("effect: lift, match: {}"), "6:21", "not known to this version"},
    {"bad_tier", rule("effect: forbid, match: {}, tier: firm"), "6:46", "hard, soft"},
    {"tier_on_permit", rule("effect: permit, match: {}, data_within: [], tier: hard"), "6:57",
     "unknown key \"tier\""},
    {"bad_mode", rule("effect: forbid, match: {}, mode: dry"), "6:46", "enforce, shadow"},
    {"bad_confidence", rule("effect: forbid, match: {}, min_confidence: sure"), "6:56",
     "low, medium, high"},
    {"bad_time", rule("effect: forbid, match: {}, valid_until: 2027-02-30T00:00:00Z"), "6:53",
     "expected a time"},
    {"date_only", rule("effect: forbid, match: {}, valid_until: 2027-02-01"), "6:53",
     "expected a time"},
    {"misspelt_key", rule("effect: forbid, match: {}, tire: hard"), "6:40",
     "did you mean \"tier\"?"},
    {"phase", rule("effect: forbid, match: {}, phase: response"), "6:40",
     "\"phase\" is not known to this version"},
    {"response_within", rule("effect: permit, match: {}, data_within: [], response_within: []"),
     "6:57", "not known to this version"},
    {"data_within_scalar", rule("effect: permit, match: {}, data_within: pii"), "6:53",
     "expected a sequence"},
    {"data_within_null", rule("effect: permit, match: {}, data_within: [~]"), "6:54",
     "expected a string"},
    {"data_within_class", rule("effect: permit, match: {}, data_within: [contacts]"), "6:54",
     "unknown data class \"contacts\", did you mean \"contact\"?"},
};
INSTANTIATE_TEST_SUITE_P(Rule, PolicyError, testing::ValuesIn(rule_rows),
                         [](const auto& info) { return info.param.name; });

const Row obligation_rows[] = {
    {"empty", require("[]"), "7:19", "at least one obligation"},
    {"scalar", require("redact"), "7:19", "at least one obligation"},
    {"no_type", require("[{classes: [pii]}]"), "7:20", "missing key \"type\""},
    {"no_classes", require("[{type: redact}]"), "7:20", "missing key \"classes\""},
    {"no_class", require("[{type: redact, classes: []}]"), "7:44", "at least one data class"},
    {"unknown_class", require("[{type: redact, classes: [pi]}]"), "7:45", "unknown data class"},
    {"unscanned", require("[{type: redact, classes: [unscanned.image]}]"), "7:45",
     "cannot be redacted"},
    {"tokenize", require("[{type: tokenize, classes: [pii]}]"), "7:27",
     "\"tokenize\" is not known to this version"},
    {"mask", require("[{type: mask, classes: [pci]}]"), "7:27", "not known to this version"},
    {"notify", require("[{type: redact, classes: [pii], to: x}]"), "7:51",
     "\"to\" is not known to this version"},
    {"invented", require("[{type: encrypt, classes: [pii]}]"), "7:27", "expected one of: redact"},
};
INSTANTIATE_TEST_SUITE_P(Obligation, PolicyError, testing::ValuesIn(obligation_rows),
                         [](const auto& info) { return info.param.name; });

const Row condition_rows[] = {
    {"misspelt_attribute", permit("subject.group: {any_of: [a]}"), "7:14",
     "did you mean \"subject.groups\"?"},
    {"local_time", permit("env.local_time: {outside: [a, b, c]}"), "7:14",
     "\"env.local_time\" is not known to this version"},
    {"budget", permit("budget.tokens_1h: {gt: 5}"), "7:14", "not known to this version"},
    {"justification", permit("request.justification_len: {gte: 5}"), "7:14",
     "not known to this version"},
    {"count_without_class", permit("data.count: {gt: 1}"), "7:14", "data.count needs a class"},
    {"count_of_unknown", permit("data.count.pi: {gt: 1}"), "7:14", "unknown data class \"pi\""},
    {"action_twice", permit("action: chat, request.action: embed"), "7:28", "are the same"},
    {"set_as_list", permit("subject.groups: [a]"), "7:30", "{any_of: [...]}"},
    {"set_as_scalar", permit("subject.groups: a"), "7:30", "{any_of: [...]}"},
    {"number_as_scalar", permit("subject.auth_age_s: 900"), "7:34", "{lt: ...}"},
    {"null", permit("subject.kind: "), "7:14", "expected a value"},
    {"empty_mapping", permit("subject.kind: {}"), "7:28", "expected a value"},
    {"empty_list", permit("subject.employment: []"), "7:34", "at least one value"},
    {"empty_any_of", permit("subject.groups: {none_of: []}"), "7:40", "at least one value"},
    {"any_of_scalar", permit("subject.groups: {any_of: a}"), "7:39", "expected a sequence"},
    {"wrong_operator", permit("subject.kind: {any_of: [person]}"), "7:29", "does not fit"},
    {"not_on_set", permit("subject.groups: {not: [a]}"), "7:31", "does not fit"},
    {"lt_on_text", permit("client.id: {lt: 4}"), "7:26", "does not fit"},
    {"unknown_operator", permit("subject.groups: {some_of: [a]}"), "7:31", "unknown key"},
    {"within", permit("env.now: {within: [a]}"), "7:24", "\"within\" is not known"},
    {"bad_kind", permit("subject.kind: human"), "7:28", "unknown subject.kind \"human\""},
    {"unresolved_is_unknown", permit("subject.kind: unresolved"), "7:28", "unknown subject.kind"},
    {"bad_action", permit("action: [chat, chatt]"), "7:29", "did you mean \"chat\"?"},
    {"bad_boolean", permit("request.stream: yes"), "7:30", "unknown request.stream \"yes\""},
    {"octal", permit("subject.auth_age_s: {lt: 010}"), "7:39", "expected an integer"},
    {"negative", permit("subject.auth_age_s: {lt: -1}"), "7:39", "expected an integer"},
    {"time_as_number", permit("subject.contract_end: {lt: 5}"), "7:41", "expected a time"},
    {"now_as_integer", permit("subject.auth_age_s: {lt: env.now}"), "7:39", "expected an integer"},
    {"now_and_now", permit("env.now: {lt: env.now}"), "7:28", "compared with itself"},
    {"unknown_class", permit("data.classes: {any_of: [pii, sekret]}"), "7:43",
     "did you mean \"secret\"?"},
    {"unknown_type", permit("data.types: {any_of: [us_snn]}"), "7:36",
     "unknown data type \"us_snn\", did you mean \"us_ssn\"?"},
    {"unknown_upstream", permit("model.upstream: lightllm"), "7:30", "unknown upstream"},
    {"unknown_entry", permit("model.entry: [gpt]"), "7:28", "unknown model \"gpt\""},
    {"too_many_stars", permit("request.path: \"*a*a*a*a*a*a*a*a*\""), "7:28", "in one pattern"},
    {"empty_value", permit("client.id: \"\""), "7:25", "expected 1 to 256 bytes"},
    {"control", permit("client.id: \"a\\tb\""), "7:25", "without control characters"},
    {"residual_in_require",
     rule("effect: require, obligations: [{type: redact, classes: [pii]}],\n"
          "     match: {data.residual: {any_of: [pii]}}"),
     "7:13", "a require cannot depend on data.residual"},
};
INSTANTIATE_TEST_SUITE_P(Condition, PolicyError, testing::ValuesIn(condition_rows),
                         [](const auto& info) { return info.param.name; });

TEST(PolicyErrors, AllAreReportedInTheOrderOfTheFile) {
  EXPECT_THAT(
      errors_of("apiVersion: portcullis/v2\n"
                "kind: Policy\n"
                "metadata: {name: x, sequence: 0, sequance: 1}\n"
                "models:\n"
                "  a: {names: [gpt, gpt-*], upstream: nowhere}\n"
                "  b: {names: [gpt], regoin: eu}\n"
                "  c: {names: []}\n"
                "  d: {}\n"
                "rules:\n"
                "  - {id: r, effect: lift, match: {subject.kin: person}}\n"
                "extra: 1\n"),
      ElementsAre(StartsWith("p:1:13: expected one of: portcullis/v1"),
                  StartsWith("p:2:7: expected one of: PolicySet"),
                  StartsWith("p:3:31: expected an integer from 1"),
                  StartsWith("p:3:34: unknown key \"sequance\", did you mean \"sequence\"?"),
                  StartsWith("p:5:20: a name on the wire is exact"),
                  StartsWith("p:5:38: unknown upstream \"nowhere\""),
                  StartsWith("p:6:15: the name \"gpt\" is already that of \"a\""),
                  StartsWith("p:6:21: unknown key \"regoin\", did you mean \"region\"?"),
                  StartsWith("p:7:14: expected at least one name"),
                  StartsWith("p:8:6: missing key \"names\""),
                  StartsWith("p:10:21: \"lift\" is not known to this version"),
                  StartsWith("p:10:35: unknown attribute \"subject.kin\", did you mean"),
                  StartsWith("p:11:1: unknown key \"extra\"")));
}

TEST(PolicyErrors, StrictYamlIsForPoliciesToo) {
  EXPECT_THAT(errors_of(test::with_rules("rules: []\nrules: []\n")),
              ElementsAre(HasSubstr("p:6:1: duplicate key")));
  EXPECT_THAT(errors_of(test::with_rules("rules: []\n---\nrules: []\n")), testing::SizeIs(1));
  EXPECT_THAT(errors_of(test::with_rules("rules: &r []\n")), testing::SizeIs(1));
  EXPECT_THAT(errors_of(""), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(errors_of("[]"), testing::Not(testing::IsEmpty()));
  EXPECT_THAT(errors_of(std::string("kind: P\0olicySet", 16)), testing::SizeIs(1));
}

TEST(PolicyErrors, LimitsAreErrors) {
  std::string rules = "rules:\n", list;
  for (int i = 0; i < 10'001; ++i) {
    rules += "  - {id: r" + std::to_string(i) + ", effect: forbid, match: {}}\n";
  }
  EXPECT_THAT(errors_of(test::with_rules(rules)), ElementsAre(HasSubstr("more than 10000 rules")));
  for (int i = 0; i < 1001; ++i) list += "g" + std::to_string(i) + ",";
  EXPECT_THAT(errors_of(test::with_rules(permit("subject.groups: {any_of: [" + list + "]}"))),
              ElementsAre(HasSubstr("more than 1000 values")));
  EXPECT_THAT(errors_of(test::with_rules(permit("client.id: " + std::string(257, 'x')))),
              ElementsAre(HasSubstr("expected 1 to 256 bytes")));
}

}  // namespace
}  // namespace portcullis
