#include "policy/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/support.h"

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Warnings about rules; those about classes are the subject of one test only.
std::vector<std::string> warnings_of(const std::string& rules) {
  const PolicyLoad load = load_policy(test::with_rules(rules), "p", {{"pii"}, {}, {}});
  EXPECT_THAT(load.errors, IsEmpty());
  return load.warnings;
}

std::string permit(const std::string& match) {
  return "rules:\n  - {id: p, effect: permit, data_within: [pii], match: {" + match + "}}\n";
}
std::string forbid(const std::string& match) {
  return "  - {id: f, effect: forbid, match: {" + match + "}}\n";
}

TEST(PolicyLint, RulesThatCannotMatch) {
  for (const char* match : {
           "subject.groups: {any_of: [a], none_of: [a, b]}",
           "subject.groups: {all_of: [a, c], none_of: [a]}",
           "subject.auth_age_s: {lt: 0}",
           "subject.auth_age_s: {gt: 5, lt: 6}",
           "data.count.pii: {gte: 3, lte: 2}",
           "env.now: {lt: 2027-01-01T00:00:00Z, gte: 2027-01-01T00:00:00Z}",
           "model.name: gtp*",
       }) {
    EXPECT_THAT(warnings_of(permit(match)), ElementsAre(HasSubstr("p:6:5: warning: rule \"p\"")))
        << match;
  }
}

TEST(PolicyLint, RulesThatCan) {
  for (const char* match : {
           "",
           "subject.groups: {any_of: [a, b], none_of: [a]}",
           "subject.groups: {all_of: [a], none_of: [b]}",
           "subject.auth_age_s: {gte: 5, lte: 5}",
           "subject.contract_end: {gt: env.now, lt: 2027-01-01T00:00:00Z}",
           "model.name: g*",
       }) {
    EXPECT_THAT(warnings_of(permit(match)), IsEmpty()) << match;
  }
}

TEST(PolicyLint, PermitsThatAreAlwaysForbidden) {
  struct Row {
    const char* permitted;
    const char* forbidden;
    bool always;
  };
  const Row rows[] = {
      {"action: chat", "", true},
      {"action: chat", "action: [chat, embed]", true},
      {"action: [chat, embed]", "action: chat", false},
      {"action: chat", "action: {not: embed}", true},
      {"action: chat", "action: {not: chat}", false},
      {"action: {not: [chat, embed]}", "action: {not: chat}", true},
      {"subject.groups: {any_of: [a]}", "subject.groups: {any_of: [a, b]}", true},
      {"subject.groups: {any_of: [a]}", "subject.groups: {none_of: [b]}", false},
      {"subject.groups: {all_of: [a, b]}", "subject.groups: {any_of: [b, c]}", true},
      {"subject.groups: {all_of: [a, b]}", "subject.groups: {all_of: [a]}", true},
      {"subject.groups: {none_of: [a, b]}", "subject.groups: {none_of: [a]}", true},
      {"subject.auth_age_s: {lt: 5}", "subject.auth_age_s: {lt: 5}", true},
      {"subject.auth_age_s: {lt: 5}", "subject.auth_age_s: {lt: 4}", false},
      {"action: chat", "action: chat, client.kind: agent", false},
      {"action: chat, client.kind: agent", "action: chat", true},
      {"request.path: a", "request.path: {not: b}", false},
  };
  for (const Row& row : rows) {
    const auto warnings = warnings_of(permit(row.permitted) + forbid(row.forbidden));
    EXPECT_EQ(warnings.size(), row.always ? 1u : 0u) << row.permitted << " / " << row.forbidden;
    if (row.always) EXPECT_THAT(warnings[0], HasSubstr("is always forbidden by \"f\""));
  }
}

TEST(PolicyLint, ShadowRulesForbidNothing) {
  EXPECT_THAT(warnings_of(permit("") + "  - {id: f, effect: forbid, mode: shadow, match: {}}\n"),
              IsEmpty());
}

TEST(PolicyLint, ClassesThatNoRuleSpeaksOf) {
  const PolicyLoad load = load_policy(
      test::with_rules(
          "rules:\n"
          "  - {id: a, effect: permit, match: {}, data_within: [contact]}\n"
          "  - {id: b, effect: forbid, match: {data.classes: {any_of: [secret]}}}\n"
          "  - {id: c, effect: require, match: {}, obligations: [{type: redact, classes: [pci]}]}\n"
          "  - {id: d, effect: permit, mode: shadow, match: {}, data_within: [phi]}\n"),
      "p", {{"contact", "secret", "pci", "phi"}, {}, {}});
  EXPECT_THAT(load.warnings, ElementsAre(testing::AllOf(HasSubstr("p: warning: no rule covers"),
                                                        testing::EndsWith("denied: phi"))));
}

// Lint gives up before it would hold up a reload.
TEST(PolicyLint, WorkIsBounded) {
  std::string rules = "rules:\n";
  for (int i = 0; i < 5000; ++i) {
    const std::string n = std::to_string(i);
    rules += "  - {id: p" + n + ", effect: permit, data_within: [pii], match: {client.id: c" + n +
             "}}\n  - {id: f" + n + ", effect: forbid, match: {client.id: d" + n + "}}\n";
  }
  EXPECT_THAT(warnings_of(rules), ElementsAre(HasSubstr("too large to look for every mistake")));
}

}  // namespace
}  // namespace portcullis
