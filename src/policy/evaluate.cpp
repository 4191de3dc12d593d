#include "policy/evaluate.h"

#include <algorithm>
#include <array>
#include <optional>

namespace portcullis::policy {
namespace {

constexpr std::size_t confidence_levels = 3;

// By span: what is replaced is covered for all its classes, what is not stays for all of them.
Residual residual_of(const PolicySet::Compiled& policy, const PolicyInput& input,
                     const Outcome& outcome, Confidence confidence) {
  Residual residual(policy.classes_words());
  for (const DataItem& item : input.data) {
    if (item.confidence < confidence) continue;
    const bool covered = item.redactable && has_class(policy, item, outcome.covered.span());
    const bool redacted = item.redactable && has_class(policy, item, outcome.redacted.span());
    for (const std::string& name : item.classes) {
      const auto rank = policy.classes.find(name);
      if (!rank) {
        residual.foreign = residual.foreign || !covered;
        continue;
      }
      if (!covered) set(residual.possible.span(), *rank);
      if (!redacted) set(residual.certain.span(), *rank);
    }
  }
  return residual;
}

class Evaluation {
 public:
  Evaluation(const PolicySet::Compiled& policy, const PolicyInput& input, const Matched& matched,
             std::span<const Word> active)
      : policy_(policy), input_(input), matched_(matched), outcome_(policy) {
    keep(matched_.certain.span(), active);
    keep(matched_.possible.span(), active);
  }

  Outcome run() {
    apply_requires();
    refine_by_residual();
    outcome_.reason = judge();
    return std::move(outcome_);
  }

 private:
  void apply_requires() {
    add(outcome_.applied.span(), matched_.possible.span());
    keep(outcome_.applied.span(), policy_.requires_);
    for_each(outcome_.applied.span(), [&](std::size_t rule) {
      const Bits& classes = policy_.rules[rule].classes;
      add(outcome_.redacted.span(), classes);
      if (test(matched_.certain.span(), rule)) add(outcome_.covered.span(), classes);
    });
  }

  const Residual& residual(Confidence confidence) {
    auto& cached = residuals_[static_cast<std::size_t>(confidence)];
    if (!cached) cached = residual_of(policy_, input_, outcome_, confidence);
    return *cached;
  }

  void refine_by_residual() {
    if (!intersects(policy_.with_residual, matched_.possible.span())) return;
    ScratchBits rules(policy_.with_residual);
    keep(rules.span(), matched_.possible.span());
    for_each(rules.span(), [&](std::size_t index) {
      const CompiledRule& rule = policy_.rules[index];
      for (std::size_t i = 0; i < rule.residual_atoms.size(); ++i) {
        matched_.lower(index, residual_truth(residual(rule.min_confidence),
                                             rule.residual_atoms[i].op, rule.residual_classes[i]));
      }
    });
  }

  Reason judge() {
    if (decided_by(matched_.certain.span(), policy_.forbids)) return Reason::forbidden;
    if (decided_by(matched_.possible.span(), policy_.forbids)) return Reason::indeterminate;
    if (!decided_by(matched_.certain.span(), policy_.permits)) return Reason::not_permitted;
    if (is_unredactable()) return Reason::unredactable;
    return keep_covering() ? Reason::none : Reason::data_not_covered;
  }

  // Notes the rules of one effect that matched; false if there is none.
  bool decided_by(std::span<const Word> matched, const Bits& effect) {
    const auto deciding = outcome_.deciding.span();
    std::ranges::copy(matched, deciding.begin());
    keep(deciding, effect);
    return any(deciding);
  }

  bool is_unredactable() {
    ScratchBits stuck(policy_.classes_words());
    for (const DataItem& item : input_.data) {
      if (item.redactable) continue;
      for (const std::string& name : item.classes) {
        const auto rank = policy_.classes.find(name);
        if (rank && test(outcome_.redacted.span(), *rank)) set(stuck.span(), *rank);
      }
    }
    if (!any(stuck.span())) return false;
    std::ranges::copy(outcome_.applied.span(), outcome_.deciding.span().begin());
    for_each(outcome_.applied.span(), [&](std::size_t rule) {
      if (!intersects(policy_.rules[rule].classes, stuck.span())) {
        clear(outcome_.deciding.span(), rule);
      }
    });
    return true;
  }

  // Leaves, of the permits that matched, those that cover all that is left. None: they stay all.
  bool keep_covering() {
    const Residual& left = residual(Confidence::low);
    ScratchBits covering(policy_.permits.size());
    for_each(outcome_.deciding.span(), [&](std::size_t rule) {
      if (contains(policy_.rules[rule].classes, left.possible.span())) set(covering.span(), rule);
    });
    if (left.foreign || !any(covering.span())) return false;
    std::ranges::copy(covering.span(), outcome_.deciding.span().begin());
    add(outcome_.deciding.span(), outcome_.applied.span());
    return true;
  }

  const PolicySet::Compiled& policy_;
  const PolicyInput& input_;
  Matched matched_;
  Outcome outcome_;
  std::array<std::optional<Residual>, confidence_levels> residuals_;
};

}  // namespace

bool has_class(const PolicySet::Compiled& policy, const DataItem& item,
               std::span<const Word> classes) {
  return std::ranges::any_of(item.classes, [&](const std::string& name) {
    const auto rank = policy.classes.find(name);
    return rank && test(classes, *rank);
  });
}

Outcome evaluate(const PolicySet::Compiled& policy, const PolicyInput& input,
                 const Matched& matched, std::span<const Word> active) {
  return Evaluation(policy, input, matched, active).run();
}

}  // namespace portcullis::policy
