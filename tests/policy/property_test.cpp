// The compiled evaluator against the naive one, and the four properties of docs/policy.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "policy/random.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

using model::Policy;
using model::Random;

std::shared_ptr<const PolicySet> load(const Policy& policy) {
  const PolicyLoad load =
      load_policy(model::render(policy), "random.yaml", model::random_context());
  for (const std::string& error : load.errors) ADD_FAILURE() << error << '\n' << render(policy);
  return load.policy;
}

std::string shown(const Policy& policy, const PolicyInput& input) {
  std::string out = model::render(policy);
  append_json(out, input);
  return out;
}

// Data that goes out in clear: the items that are sent without being replaced.
std::vector<bool> sent_in_clear(const PolicyInput& input, const Decision& decision) {
  std::vector<bool> out;
  for (const DataItem& item : input.data) out.push_back(!is_redacted(item, decision.obligations));
  return out;
}

bool sends_more(const PolicyInput& input, const Decision& before, const Decision& after) {
  if (after.effect == Effect::deny) return false;
  if (before.effect == Effect::deny) return true;
  const auto was = sent_in_clear(input, before), is = sent_in_clear(input, after);
  for (std::size_t i = 0; i < is.size(); ++i) {
    if (is[i] && !was[i]) return true;
  }
  return false;
}

TEST(PolicyDifferential, RandomPoliciesAgreeWithTheNaiveEvaluator) {
  Random random(1);
  std::map<std::string, int> reasons;
  for (int round = 0; round < 3000; ++round) {
    const Policy policy = random.policy();
    const auto compiled = load(policy);
    ASSERT_NE(compiled, nullptr);
    for (int i = 0; i < 20; ++i) {
      const PolicyInput input = random.input();
      const auto expected = model::naive(policy, input);
      const auto actual = model::ruling_of(decide(*compiled, input));
      ASSERT_EQ(expected, actual) << describe(expected) << '\n'
                                  << describe(actual) << '\n'
                                  << shown(policy, input);
      ++reasons[actual.reason];
      if (!actual.shadow.empty()) ++reasons["shadow"];
    }
  }
  // The generator would prove nothing if it never got this far.
  for (const char* reason : {"none", "forbidden", "indeterminate", "not_permitted", "unredactable",
                             "data_not_covered", "unknown_model", "policy_unavailable", "shadow"}) {
    EXPECT_GT(reasons[reason], 100) << reason;
  }
}

// Every policy of up to three rules of a small pool, on every input of a small pool.
TEST(PolicyDifferential, ExhaustiveSmallPoliciesAgreeWithTheNaiveEvaluator) {
  Random random(2);
  std::vector<model::Rule> pool;
  for (int i = 0; i < 14; ++i) pool.push_back(random.rule("r" + std::to_string(i)));
  std::vector<PolicyInput> inputs;
  for (int i = 0; i < 120; ++i) inputs.push_back(random.input());
  for (std::size_t a = 0; a < pool.size(); ++a) {
    for (std::size_t b = a; b < pool.size(); ++b) {
      for (std::size_t c = b; c < pool.size(); ++c) {
        Policy policy{{pool[a]}, {}};
        if (b != a) policy.rules.push_back(pool[b]);
        if (c != b) policy.rules.push_back(pool[c]);
        const auto compiled = load(policy);
        ASSERT_NE(compiled, nullptr);
        for (const PolicyInput& input : inputs) {
          ASSERT_EQ(model::naive(policy, input), model::ruling_of(decide(*compiled, input)))
              << shown(policy, input);
        }
      }
    }
  }
}

TEST(PolicyDifferential, ManyRulesFillSeveralWordsOfTheBitsets) {
  Random random(3);
  for (const std::size_t count : {63u, 64u, 65u, 200u, 700u}) {
    Policy policy;
    while (policy.rules.size() < count) {
      model::Rule rule = random.rule("r" + std::to_string(policy.rules.size()));
      // So many unconditional rules would decide everything alike.
      if (rule.match.size() >= 2 && (rule.effect == "permit" || random.one_in(8))) {
        policy.rules.push_back(rule);
      }
    }
    const auto compiled = load(policy);
    ASSERT_NE(compiled, nullptr);
    for (int i = 0; i < 100; ++i) {
      const PolicyInput input = random.input();
      ASSERT_EQ(model::naive(policy, input), model::ruling_of(decide(*compiled, input))) << count;
    }
  }
}

TEST(PolicyProperty, TheOrderOfRulesNeverMatters) {
  Random random(4);
  for (int round = 0; round < 400; ++round) {
    Policy policy = random.policy();
    const auto one = load(policy);
    std::ranges::reverse(policy.rules);
    if (policy.rules.size() > 2) std::swap(policy.rules[0], policy.rules[policy.rules.size() / 2]);
    const auto other = load(policy);
    EXPECT_EQ(one->digest(), other->digest());
    for (int i = 0; i < 10; ++i) {
      const PolicyInput input = random.input();
      const Decision a = decide(*one, input), b = decide(*other, input);
      EXPECT_EQ(model::ruling_of(a), model::ruling_of(b));
      EXPECT_EQ(a.detail, b.detail);
      EXPECT_EQ(a.rules, b.rules);
    }
  }
}

TEST(PolicyProperty, RemovingInformationNeverPermitsNorSendsMore) {
  Random random(5);
  int allowed = 0;
  for (int round = 0; round < 2500; ++round) {
    const Policy policy = random.policy();
    const auto compiled = load(policy);
    for (int i = 0; i < 10; ++i) {
      const PolicyInput input = random.input();
      const Decision before = decide(*compiled, input);
      for (const PolicyInput& less : model::with_less(input)) {
        const Decision after = decide(*compiled, less);
        allowed += after.effect == Effect::allow ? 1 : 0;
        ASSERT_FALSE(sends_more(input, before, after)) << shown(policy, input) << '\n'
                                                       << shown({}, less);
      }
    }
  }
  EXPECT_GT(allowed, 1000);
}

TEST(PolicyProperty, AddingAForbidNeverPermitsMoreAndAddingAPermitNeverDeniesMore) {
  Random random(6);
  for (int round = 0; round < 2500; ++round) {
    const Policy policy = random.policy();
    Policy more = policy;
    do {
      if (more.rules.size() > policy.rules.size()) more.rules.pop_back();
      more.rules.push_back(random.rule("added"));
    } while (more.rules.back().effect == "require");
    const bool is_forbid = more.rules.back().effect == "forbid";
    const auto without = load(policy), with = load(more);
    for (int i = 0; i < 10; ++i) {
      const PolicyInput input = random.input();
      const Decision before = decide(*without, input), after = decide(*with, input);
      const Decision& stricter = is_forbid ? after : before;
      const Decision& laxer = is_forbid ? before : after;
      ASSERT_FALSE(stricter.effect == Effect::allow && laxer.effect == Effect::deny)
          << shown(more, input);
    }
  }
}

// Shadow rules are recorded and change nothing.
TEST(PolicyProperty, ShadowRulesHaveNoEffect) {
  Random random(7);
  for (int round = 0; round < 500; ++round) {
    const Policy policy = random.policy();
    Policy enforced = policy;
    std::erase_if(enforced.rules, [](const model::Rule& rule) { return rule.shadow; });
    const auto all = load(policy), real = load(enforced);
    for (int i = 0; i < 10; ++i) {
      const PolicyInput input = random.input();
      auto with = model::ruling_of(decide(*all, input));
      with.shadow.clear();
      EXPECT_EQ(with, model::ruling_of(decide(*real, input)));
    }
  }
}

TEST(PolicyProperty, TheRecordedInputReadsBackAndDecidesAlike) {
  Random random(8);
  const auto compiled = load(random.policy());
  for (int i = 0; i < 3000; ++i) {
    const PolicyInput input = random.input();
    std::string once, twice;
    append_json(once, input);
    const Result<PolicyInput> back = parse_policy_input(once);
    ASSERT_TRUE(back) << back.error().message << '\n' << once;
    append_json(twice, *back);
    EXPECT_EQ(once, twice);
    EXPECT_EQ(model::ruling_of(decide(*compiled, input)),
              model::ruling_of(decide(*compiled, *back)));
  }
}

}  // namespace
}  // namespace portcullis
