// decide(): what is refused before the rules, the rules, and the words for it.
#include <algorithm>
#include <set>

#include "policy/compile.h"
#include "policy/evaluate.h"
#include "policy/match.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

using policy::Outcome;
using policy::ScratchBits;
using policy::Word;
using Compiled = PolicySet::Compiled;

constexpr std::size_t shown_max = 16;  // names in one sentence

Decision refuse(Reason reason, std::string detail) {
  Decision decision;
  decision.reason = reason;
  decision.detail = std::move(detail);
  return decision;
}

// Listing the models concerns none of them; everything else must name one of the catalogue.
bool model_is_known(const PolicySet& set, const PolicyInput& input) {
  const ModelFacts& model = input.model;
  if (model.name.empty() && model.entry.empty()) return input.request.action == "list_models";
  const ModelEntry* entry = set.find_model(model.name);
  return entry != nullptr && entry->key == model.entry;
}

std::vector<std::string> rule_ids(const Compiled& policy, std::span<const Word> rules) {
  std::vector<std::string> ids;
  policy::for_each(rules, [&](std::size_t i) { ids.push_back(policy.syntax.rules[i].id); });
  return ids;
}

template <class Names>
std::string joined(const Names& names) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& name : names) {
    if (shown == shown_max) return out + ", ...";
    if (shown++ > 0) out += ", ";
    out += name;
  }
  return out;
}

std::set<std::string_view> uncovered_classes(const Compiled& policy, const PolicyInput& input,
                                             const Outcome& outcome) {
  std::set<std::string_view> names;
  for (const DataItem& item : input.data) {
    if (item.redactable && policy::has_class(policy, item, outcome.covered.span())) continue;
    names.insert(item.classes.begin(), item.classes.end());
  }
  return names;
}

std::set<std::string_view> stuck_types(const Compiled& policy, const PolicyInput& input,
                                       const Outcome& outcome) {
  std::set<std::string_view> names;
  for (const DataItem& item : input.data) {
    if (item.redactable || !policy::has_class(policy, item, outcome.redacted.span())) continue;
    names.insert(item.type);
  }
  return names;
}

std::string explanation(const Compiled& policy, const PolicyInput& input, const Outcome& outcome,
                        const std::vector<std::string>& rules) {
  if (outcome.reason == Reason::forbidden) return "Forbidden by policy: " + joined(rules) + ".";
  if (outcome.reason == Reason::indeterminate) {
    return "Policy may forbid this, and what would settle it is not known: " + joined(rules) + ".";
  }
  if (outcome.reason == Reason::not_permitted) return "No policy rule permits this request.";
  if (outcome.reason == Reason::data_not_covered) {
    return "The request holds data that no rule permits here all together: " +
           joined(uncovered_classes(policy, input, outcome)) + ".";
  }
  if (outcome.reason == Reason::unredactable) {
    return "Data that must be redacted stands where the text cannot be changed: " +
           joined(stuck_types(policy, input, outcome)) + ".";
  }
  return {};
}

std::vector<Obligation> obligations(const Compiled& policy, const Outcome& outcome) {
  Obligation redact;
  policy::for_each(outcome.redacted.span(),
                   [&](std::size_t i) { redact.classes.push_back(policy.classes[i]); });
  if (redact.classes.empty()) return {};
  return {std::move(redact)};
}

// The shadow rules to which it is due that the decision with them would be another one.
std::vector<std::string> shadow_rules(const Compiled& policy, const PolicyInput& input,
                                      const policy::Matched& matched, const Outcome& real) {
  if (!policy::intersects(policy.shadow, matched.possible.span())) return {};
  ScratchBits active(policy.enforced);
  policy::add(active.span(), policy.shadow);
  const Outcome trial = policy::evaluate(policy, input, matched, active.span());
  const bool allowed = real.reason == Reason::none, would_be = trial.reason == Reason::none;
  const bool same_data = std::ranges::equal(real.redacted.span(), trial.redacted.span());
  if (allowed == would_be && (!allowed || same_data)) return {};
  ScratchBits due(trial.deciding);
  policy::add(due.span(), trial.applied.span());
  policy::keep(due.span(), policy.shadow);
  return rule_ids(policy, due.span());
}

}  // namespace

Decision decide(const PolicySet& set, const PolicyInput& input) {
  const Compiled& policy = set.compiled();
  if (policy.syntax.valid_until && input.env.now >= *policy.syntax.valid_until) {
    return refuse(Reason::policy_unavailable, "The policy is past its validity.");
  }
  if (!model_is_known(set, input)) {
    return refuse(Reason::unknown_model, "The model is not in the policy's catalogue.");
  }
  const policy::Matched matched = policy::match_rules(policy, input);
  const Outcome outcome = policy::evaluate(policy, input, matched, policy.enforced);
  Decision decision;
  decision.reason = outcome.reason;
  decision.rules = rule_ids(policy, outcome.deciding.span());
  if (outcome.reason == Reason::none) {
    decision.effect = Effect::allow;
    decision.obligations = obligations(policy, outcome);
  } else {
    decision.detail = explanation(policy, input, outcome, decision.rules);
  }
  decision.shadow = shadow_rules(policy, input, matched, outcome);
  return decision;
}

bool is_redacted(const DataItem& item, const std::vector<Obligation>& obligations) {
  if (!item.redactable) return false;
  return std::ranges::any_of(obligations, [&](const Obligation& obligation) {
    return std::ranges::any_of(item.classes, [&](const std::string& name) {
      return std::ranges::binary_search(obligation.classes, name);
    });
  });
}

}  // namespace portcullis
