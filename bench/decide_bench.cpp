// One decision, by the number of rules in the policy.
#include <benchmark/benchmark.h>

#include <string>

#include "portcullis/policy.h"

namespace portcullis {
namespace {

// Half permits for one group each, half forbids of one data class for one group each.
std::string policy_text(std::int64_t rules) {
  std::string text =
      "apiVersion: portcullis/v1\nkind: PolicySet\nmetadata: {name: bench, sequence: 1}\n"
      "models:\n  general: {names: [gpt-4o], region: eu}\nrules:\n";
  for (std::int64_t i = 0; i < rules / 2; ++i) {
    const auto number = std::to_string(i);
    text +=
        "  - id: permit-" + number +
        "\n    effect: permit\n    match: {subject.kind: person, subject.groups: {any_of: [team-" +
        number + "]}, action: [chat]}\n    data_within: [contact, pii]\n";
    text += "  - id: forbid-" + number +
            "\n    effect: forbid\n    tier: hard\n    match: {data.classes: {any_of: [secret]}, "
            "subject.groups: {any_of: [team-" +
            number + "]}}\n";
  }
  return text;
}

PolicyInput staff_input() {
  PolicyInput input;
  input.subject.kind = SubjectKind::person;
  input.subject.id = "ada";
  input.subject.proof = Proof::directory;
  input.subject.groups = {"staff", "team-1", "team-7"};
  input.subject.employment = "employee";
  input.request = {.action = "chat", .surface = "openai", .path = "/v1/chat/completions"};
  input.request.route = "/v1/*";
  input.model = {.name = "gpt-4o", .entry = "general", .upstream = "provider", .region = "eu"};
  input.data = {{.type = "email", .classes = {"contact"}, .count = 2}};
  input.env.now = 1'763'800'000;
  return input;
}

void decide_one(benchmark::State& state) {
  const PolicyContext context{.data_classes = {"contact", "pii", "secret"}, .upstreams = {}};
  const auto load = load_policy(policy_text(state.range(0)), "bench.yaml", context);
  if (!load.policy) return state.SkipWithError(load.errors.front().c_str());
  const PolicyInput input = staff_input();
  if (decide(*load.policy, input).effect != Effect::allow) return state.SkipWithError("denied");
  for (auto _ : state) {
    auto decision = decide(*load.policy, input);
    benchmark::DoNotOptimize(decision);
  }
}
BENCHMARK(decide_one)->Arg(16)->Arg(50)->Arg(1000)->Arg(10000);

}  // namespace
}  // namespace portcullis
