// One decision record without the disk: rendering the input and the decision, and chaining the
// line.
#include <benchmark/benchmark.h>

#include <string>

#include "audit/chain.h"
#include "portcullis/audit.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

PolicyInput staff_input() {
  PolicyInput input;
  input.subject.kind = SubjectKind::person;
  input.subject.id = "ada";
  input.subject.issuer = "https://id.example.com/realms/acme";
  input.subject.key = "6f1c1c3e-7d5c-4c1e-9a53-0f8d7f1f8c11";
  input.subject.groups = {"staff", "underwriting"};
  input.request = {.action = "chat", .surface = "openai", .path = "/v1/chat/completions"};
  input.model = {.name = "gpt-4o", .entry = "general", .upstream = "provider", .region = "eu"};
  input.data = {{.type = "email", .classes = {"contact"}, .count = 2}};
  input.env.now = 1'763'800'000;
  return input;
}

DecisionDraft decision_draft(const PolicyInput& input) {
  DecisionDraft draft;
  draft.id = "019aabcd-ef01-7234-8567-89abcdef0123";
  append_json(draft.input, input);
  draft.policy_name = "acme-prod";
  draft.policy_sequence = 412;
  draft.decision = {.effect = Effect::allow, .reason = Reason::none, .rules = {"permit-staff"}};
  draft.evidence = R"({"token":{"kid":"k1"},"findings":[],"coverage":{"parts":2,"bytes":300}})";
  return draft;
}

void render(benchmark::State& state) {
  const PolicyInput input = staff_input();
  for (auto _ : state) {
    auto draft = make_draft(decision_draft(input));
    benchmark::DoNotOptimize(draft);
  }
}
BENCHMARK(render);

void chain(benchmark::State& state) {
  const Draft draft = make_draft(decision_draft(staff_input()));
  audit::Chain chain({}, {}, audit::EpochKey(0, {}));
  std::string lines;
  for (auto _ : state) {
    lines.clear();
    auto receipt = chain.append(lines, {.type = draft.type(),
                                        .time = "2026-11-22T15:44:01.000000000Z",
                                        .members = draft.members()});
    benchmark::DoNotOptimize(receipt);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(lines.size()));
}
BENCHMARK(chain);

}  // namespace
}  // namespace portcullis
