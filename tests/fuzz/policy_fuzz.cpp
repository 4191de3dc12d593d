// A policy source and an input, separated by a NUL: loading never crashes, a policy that loads has
// a stable digest, and every input that can be read is decided, the same way twice.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "portcullis/policy.h"

namespace {

const portcullis::PolicyContext& context() {
  static const portcullis::PolicyContext context = {
      {"contact", "npi", "pci", "personal_eu", "phi", "pii", "secret", "source_code"}, {}, {}};
  return context;
}

void require(bool holds) {
  if (!holds) std::abort();
}

void check_input(const portcullis::PolicySet& policy, const portcullis::PolicyInput& input) {
  const portcullis::Decision one = decide(policy, input), two = decide(policy, input);
  require(one.effect == two.effect && one.rules == two.rules && one.detail == two.detail);
  require((one.effect == portcullis::Effect::allow) == (one.reason == portcullis::Reason::none));
  require(one.effect == portcullis::Effect::deny || !one.rules.empty());
  std::string json, again;
  append_json(json, input);
  const auto back = portcullis::parse_policy_input(json);
  require(back.has_value());
  append_json(again, *back);
  require(json == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto nul = all.find('\0');
  const auto load = portcullis::load_policy(all.substr(0, nul), "fuzz", context());
  require((load.policy == nullptr) == !load.errors.empty());
  const auto input = portcullis::parse_policy_input(
      nul == std::string_view::npos ? std::string_view("{}") : all.substr(nul + 1));
  if (load.policy == nullptr) return 0;
  const auto again = portcullis::load_policy(all.substr(0, nul), "fuzz", context());
  require(again.policy != nullptr && again.policy->digest() == load.policy->digest());
  check_input(*load.policy, input.value_or(portcullis::PolicyInput{}));
  return 0;
}
