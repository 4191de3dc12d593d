#include "cli/replay.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "audit/record.h"
#include "audit/summary.h"
#include "base/encoding.h"

namespace portcullis::cli {
namespace {

using nlohmann::json;

// Who gives a reason: decide() alone, others as well, or others alone.
enum class GivenBy : std::uint8_t { policy, either, others };

constexpr Reason by_policy[] = {Reason::none,
                                Reason::unknown_model,
                                Reason::forbidden,
                                Reason::indeterminate,
                                Reason::not_permitted,
                                Reason::data_not_covered,
                                Reason::obligation_conflict};
constexpr Reason by_either[] = {Reason::policy_unavailable, Reason::unredactable};

GivenBy given_by(Reason reason) {
  const auto is_reason = [&](Reason one) { return one == reason; };
  if (std::ranges::any_of(by_policy, is_reason)) return GivenBy::policy;
  return std::ranges::any_of(by_either, is_reason) ? GivenBy::either : GivenBy::others;
}

// As src/audit/draft.cpp records it.
json as_recorded(const Decision& decision) {
  json obligations = json::array();
  for (const Obligation& obligation : decision.obligations) {
    switch (obligation.type) {
      case ObligationType::redact:
        obligations.push_back({{"type", "redact"}, {"classes", obligation.classes}});
        break;
    }
  }
  return {{"effect", audit::effect_name(decision.effect)},
          {"reason", reason_code(decision.reason)},
          {"rules", decision.rules},
          {"obligations", obligations},
          {"shadow", decision.shadow}};
}

// "effect: recorded "allow", replayed "deny"; ..."; empty if nothing differs.
std::string differences(const json& recorded, const json& replayed) {
  std::string out;
  for (const auto& [name, value] : replayed.items()) {
    const auto found = recorded.find(name);
    const std::string before = found == recorded.end() ? "nothing" : found->dump();
    if (before == value.dump()) continue;
    out += (out.empty() ? "" : "; ") + name + ": recorded " + before + ", replayed " + value.dump();
  }
  for (const auto& [name, value] : recorded.items()) {
    if (!replayed.contains(name)) out += (out.empty() ? "" : "; ") + name + ": only recorded";
  }
  return out;
}

}  // namespace

void Replayer::add(std::shared_ptr<const PolicySet> policy) {
  std::string digest = hex(policy->digest());
  policies_.insert_or_assign(std::move(digest), std::move(policy));
}

Replayed Replayer::replay(const json& record) const {
  const auto decision = record.find("decision");
  const auto reason = reason_from_code(audit::text_at(record, "/decision/reason"));
  if (decision == record.end() || !decision->is_object() || !reason) {
    return {ReplayResult::unreadable, "no decision that this program knows"};
  }
  const GivenBy by = given_by(*reason);
  const bool allowed = audit::text_at(record, "/decision/effect") == "allow";
  if (by == GivenBy::others && !allowed) {
    return {ReplayResult::not_by_policy, std::string(reason_code(*reason))};
  }
  const std::string digest = audit::text_at(record, "/policy/digest");
  const auto policy = policies_.find(digest);
  if (policy == policies_.end()) return {ReplayResult::other_policy, digest};
  const auto input = record.find("input");
  const auto parsed = input == record.end() ? failure(Cause::invalid, "there is no input")
                                            : parse_policy_input(input->dump());
  if (!parsed) return {ReplayResult::unreadable, parsed.error().message};
  const Decision again = decide(*policy->second, *parsed);
  std::string detail = differences(*decision, as_recorded(again));
  if (detail.empty()) return {ReplayResult::same, {}};
  // A refusal in these words that names no rule can be of the step after an allowing policy.
  const auto rules = decision->find("rules");
  const bool nameless = rules != decision->end() && rules->is_array() && rules->empty();
  if (by == GivenBy::either && !allowed && nameless && again.effect == Effect::allow) {
    return {ReplayResult::not_by_policy, std::string(reason_code(*reason))};
  }
  return {ReplayResult::different, std::move(detail)};
}

}  // namespace portcullis::cli
