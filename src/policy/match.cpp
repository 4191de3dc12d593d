#include "policy/match.h"

#include <algorithm>
#include <limits>

#include "policy/glob.h"

namespace portcullis::policy {
namespace {

Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

// Calls `visit` with each name that the attribute has; false: the attribute is unknown.
template <class Visit>
bool visit_names(const AttributeInfo& info, Confidence confidence, const PolicyInput& input,
                 Visit visit) {
  if (info.type == AttributeType::classes || info.type == AttributeType::types) {
    for (const DataItem& item : input.data) {
      if (item.confidence < confidence) continue;
      if (info.type == AttributeType::types) visit(std::string_view(item.type));
      if (info.type == AttributeType::types) continue;
      for (const std::string& name : item.classes) visit(std::string_view(name));
    }
    return true;
  }
  const std::optional<Names> names = info.names(input);
  if (!names) return false;
  if (!names->one.empty()) visit(names->one);
  for (const std::string& name : names->many) visit(std::string_view(name));
  return true;
}

void apply(const Slot& slot, const PolicyInput& input, Matched& matched) {
  ScratchBits allowed(slot.without_any_of);
  const bool known = visit_names(*slot.info, slot.confidence, input, [&](std::string_view name) {
    const auto rank = slot.values.find(name);
    if (!rank) return;
    add(allowed.span(), slot.satisfied[*rank]);
    remove(matched.certain.span(), slot.excluded[*rank]);
    remove(matched.possible.span(), slot.excluded[*rank]);
  });
  if (!known) {
    remove(matched.certain.span(), slot.constrained);
    return;
  }
  keep(matched.certain.span(), allowed.span());
  keep(matched.possible.span(), allowed.span());
}

std::int64_t count_of(std::string_view data_class, Confidence confidence,
                      const PolicyInput& input) {
  std::int64_t sum = 0;
  for (const DataItem& item : input.data) {
    if (item.confidence < confidence) continue;
    if (std::ranges::find(item.classes, data_class) == item.classes.end()) continue;
    if (__builtin_add_overflow(sum, std::int64_t{item.count}, &sum)) {
      return std::numeric_limits<std::int64_t>::max();
    }
  }
  return sum;
}

bool compare(std::int64_t value, Operator op, std::int64_t bound) {
  switch (op) {
    case Operator::lt:
      return value < bound;
    case Operator::lte:
      return value <= bound;
    case Operator::gt:
      return value > bound;
    case Operator::gte:
      return value >= bound;
    case Operator::any_of:
    case Operator::all_of:
    case Operator::none_of:
      break;
  }
  return false;
}

Truth ordered_truth(const Atom& atom, Confidence confidence, const PolicyInput& input) {
  const std::int64_t bound = atom.bound_is_now ? input.env.now : atom.bound;
  if (atom.attribute == Attribute::data_count) {
    return truth_of(compare(count_of(atom.data_class, confidence, input), atom.op, bound));
  }
  const std::optional<std::int64_t> value = attribute_info(atom.attribute).number(input);
  return value ? truth_of(compare(*value, atom.op, bound)) : Truth::unknown;
}

Truth glob_truth(const Atom& atom, const PolicyInput& input) {
  const std::optional<Names> names = attribute_info(atom.attribute).names(input);
  if (!names) return Truth::unknown;
  const bool hit = std::ranges::any_of(
      atom.values, [&](const std::string& pattern) { return glob_matches(pattern, names->one); });
  return truth_of(hit == (atom.op == Operator::any_of));
}

Truth all_of_truth(const Atom& atom, Confidence confidence, const PolicyInput& input) {
  const AttributeInfo& info = attribute_info(atom.attribute);
  ScratchBits seen(words_for(atom.values.size()));
  std::size_t missing = atom.values.size();
  const bool known = visit_names(info, confidence, input, [&](std::string_view name) {
    const auto found = std::ranges::lower_bound(atom.values, name, std::less<>{});
    if (found == atom.values.end() || *found != name) return;
    const auto rank = static_cast<std::size_t>(found - atom.values.begin());
    if (test(seen.span(), rank)) return;
    set(seen.span(), rank);
    --missing;
  });
  return known ? truth_of(missing == 0) : Truth::unknown;
}

Truth atom_truth(const Atom& atom, Confidence confidence, const PolicyInput& input) {
  if (atom.op == Operator::all_of) return all_of_truth(atom, confidence, input);
  if (attribute_info(atom.attribute).type == AttributeType::glob) return glob_truth(atom, input);
  return ordered_truth(atom, confidence, input);
}

Truth rule_truth(const CompiledRule& rule, const PolicyInput& input) {
  Truth truth = Truth::yes;
  for (const Atom& atom : rule.atoms) {
    truth = std::min(truth, atom_truth(atom, rule.min_confidence, input));
    if (truth == Truth::no) break;
  }
  return truth;
}

}  // namespace

void Matched::lower(std::size_t rule, Truth truth) {
  if (truth != Truth::yes) clear(certain.span(), rule);
  if (truth == Truth::no) clear(possible.span(), rule);
}

Matched match_rules(const PolicySet::Compiled& policy, const PolicyInput& input) {
  Matched matched(policy.permits.size());
  for (const Bits* mask : {&policy.enforced, &policy.shadow}) {
    add(matched.certain.span(), *mask);
    add(matched.possible.span(), *mask);
  }
  for (const Slot& slot : policy.slots) apply(slot, input, matched);
  ScratchBits survivors(std::span<const Word>(matched.possible.span()));
  keep(survivors.span(), policy.with_atoms);
  for_each(survivors.span(),
           [&](std::size_t rule) { matched.lower(rule, rule_truth(policy.rules[rule], input)); });
  return matched;
}

Truth residual_truth(const Residual& residual, Operator op, std::span<const Word> classes) {
  const auto certain = residual.certain.span(), possible = residual.possible.span();
  if (op == Operator::all_of) {
    if (contains(certain, classes)) return Truth::yes;
    return contains(possible, classes) ? Truth::unknown : Truth::no;
  }
  const bool none = op == Operator::none_of;
  if (intersects(certain, classes)) return truth_of(!none);
  return intersects(possible, classes) ? Truth::unknown : truth_of(none);
}

}  // namespace portcullis::policy
