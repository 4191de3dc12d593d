#include "policy/lint.h"

#include <algorithm>
#include <limits>
#include <set>

#include "policy/attributes.h"
#include "policy/glob.h"

namespace portcullis::policy {
namespace {

using Values = std::vector<std::string>;

constexpr std::size_t work_max = 20'000'000;  // comparisons of two names, about

bool subset(const Values& inner, const Values& outer) {
  return std::ranges::includes(outer, inner);
}

bool overlap(const Values& a, const Values& b) {
  return std::ranges::any_of(
      a, [&](const std::string& v) { return std::ranges::binary_search(b, v); });
}

bool same_attribute(const Atom& a, const Atom& b) {
  return a.attribute == b.attribute && a.data_class == b.data_class;
}

bool excludes(const Atom& none, const Atom& other) {
  if (none.op != Operator::none_of) return false;
  if (other.op == Operator::any_of) return subset(other.values, none.values);
  return other.op == Operator::all_of && overlap(other.values, none.values);
}

// The interval that an ordered atom leaves, as inclusive bounds.
struct Interval {
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
};

void narrow(const Atom& atom, Interval& interval) {
  if (atom.bound_is_now) return;
  if (atom.op == Operator::lt) interval.high = std::min(interval.high, atom.bound - 1);
  if (atom.op == Operator::lte) interval.high = std::min(interval.high, atom.bound);
  if (atom.op == Operator::gt) interval.low = std::max(interval.low, atom.bound + 1);
  if (atom.op == Operator::gte) interval.low = std::max(interval.low, atom.bound);
}

bool is_empty(const std::vector<Atom>& match, const Atom& subject) {
  Interval interval;
  if (attribute_info(subject.attribute).type != AttributeType::time) interval.low = 0;
  for (const Atom& atom : match) {
    if (same_attribute(atom, subject)) narrow(atom, interval);
  }
  return interval.low > interval.high;
}

bool names_no_model(const Atom& atom, const Syntax& syntax) {
  if (atom.attribute != Attribute::model_name || atom.op != Operator::any_of) return false;
  const auto hits = [&](const std::string& name) {
    return std::ranges::any_of(atom.values,
                               [&](const std::string& glob) { return glob_matches(glob, name); });
  };
  return std::ranges::none_of(syntax.models, [&](const ModelEntry& model) {
    return std::ranges::any_of(model.names, hits);
  });
}

bool is_contradictory(const Rule& rule) {
  for (const Atom& atom : rule.match) {
    if (atom.op >= Operator::lt && is_empty(rule.match, atom)) return true;
    for (const Atom& other : rule.match) {
      if (same_attribute(atom, other) && excludes(atom, other)) return true;
    }
  }
  return false;
}

bool implies_any_of(const Atom& given, const Atom& wanted) {
  if (given.op == Operator::any_of) return subset(given.values, wanted.values);
  return given.op == Operator::all_of && overlap(given.values, wanted.values);
}

bool implies_none_of(const Atom& given, const Atom& wanted) {
  if (given.op == Operator::none_of) return subset(wanted.values, given.values);
  const AttributeType type = attribute_info(given.attribute).type;
  const bool single = type == AttributeType::text || type == AttributeType::boolean;
  return single && given.op == Operator::any_of && !overlap(given.values, wanted.values);
}

// Simple cases only: whether `wanted` holds wherever `given` does.
bool implies(const Atom& given, const Atom& wanted) {
  if (!same_attribute(given, wanted)) return false;
  switch (wanted.op) {
    case Operator::any_of:
      return implies_any_of(given, wanted);
    case Operator::none_of:
      return implies_none_of(given, wanted);
    case Operator::all_of:
      return given.op == Operator::all_of && subset(wanted.values, given.values);
    case Operator::lt:
    case Operator::lte:
    case Operator::gt:
    case Operator::gte:
      return given.op == wanted.op && given.bound == wanted.bound &&
             given.bound_is_now == wanted.bound_is_now;
  }
  return false;
}

bool is_graded(const Atom& atom) {
  const AttributeType type = attribute_info(atom.attribute).type;
  return type == AttributeType::classes || type == AttributeType::types ||
         type == AttributeType::residual || type == AttributeType::count;
}

bool always_forbids(const Rule& forbid, const Rule& permit) {
  return std::ranges::all_of(forbid.match, [&](const Atom& wanted) {
    if (is_graded(wanted) && forbid.min_confidence != permit.min_confidence) return false;
    return std::ranges::any_of(permit.match,
                               [&](const Atom& given) { return implies(given, wanted); });
  });
}

std::size_t weight(const Rule& rule) {
  std::size_t sum = rule.match.size();
  for (const Atom& atom : rule.match) sum += atom.values.size();
  return sum;
}

class Linter {
 public:
  Linter(const Syntax& syntax, Diagnostics& diagnostics)
      : syntax_(syntax), diagnostics_(diagnostics) {
    for (const ModelEntry& model : syntax.models) wire_names_ += model.names.size();
  }

  void run(const PolicyContext& context) {
    for (const Rule& rule : syntax_.rules) {
      check_reachable(rule);
      if (rule.mode != Mode::enforce) continue;
      if (rule.effect == RuleEffect::permit) permits_.push_back(&rule);
      if (rule.effect == RuleEffect::forbid) forbids_.push_back(&rule);
      note_classes(rule);
    }
    compare_permits();
    check_classes(context);
  }

 private:
  void warn(const Rule& rule, const std::string& what) {
    diagnostics_.warning(rule.position, "rule \"" + rule.id + "\" " + what);
  }

  void check_classes(const PolicyContext& context) {
    std::string unmentioned;
    for (const std::string& name : context.data_classes) {
      if (!handled_.contains(name)) unmentioned += (unmentioned.empty() ? "" : ", ") + name;
    }
    if (unmentioned.empty()) return;
    diagnostics_.warning({},
                         "no rule covers, redacts or forbids data of these classes, so that "
                         "every request that holds some is denied: " +
                             unmentioned);
  }

  void check_reachable(const Rule& rule) {
    if (affordable(rule.match.size() * weight(rule)) && is_contradictory(rule)) {
      warn(rule, "can never match: its conditions exclude each other");
      return;
    }
    const auto no_model = [&](const Atom& atom) {
      return affordable(atom.values.size() * wire_names_) && names_no_model(atom, syntax_);
    };
    const auto model = std::ranges::find(rule.match, Attribute::model_name, &Atom::attribute);
    if (model != rule.match.end() && no_model(*model)) {
      warn(rule, "can never match: no model of the catalogue has such a name");
    }
  }

  bool affordable(std::size_t work) {
    if (work <= work_left_) {
      work_left_ -= work;
      return true;
    }
    if (!incomplete_) diagnostics_.warning({}, "too large to look for every mistake");
    incomplete_ = true;
    return false;
  }

  // A class that is redacted or forbidden needs no permit that covers it.
  void note_classes(const Rule& rule) {
    handled_.insert(rule.data_within.begin(), rule.data_within.end());
    handled_.insert(rule.redact.begin(), rule.redact.end());
    if (rule.effect != RuleEffect::forbid) return;
    for (const Atom& atom : rule.match) {
      const bool names_data =
          atom.attribute == Attribute::data_classes || atom.attribute == Attribute::data_residual;
      if (names_data && atom.op == Operator::any_of) {
        handled_.insert(atom.values.begin(), atom.values.end());
      }
    }
  }

  void compare_permits() {
    for (const Rule* permit : permits_) {
      for (const Rule* forbid : forbids_) {
        if (!affordable(1 + forbid->match.size() + weight(*permit))) return;
        if (!always_forbids(*forbid, *permit)) continue;
        warn(*permit, "is always forbidden by \"" + forbid->id + '"');
        break;
      }
    }
  }

  const Syntax& syntax_;
  Diagnostics& diagnostics_;
  std::vector<const Rule*> permits_, forbids_;
  std::set<std::string_view> handled_;
  std::size_t wire_names_ = 0;
  std::size_t work_left_ = work_max;
  bool incomplete_ = false;
};

}  // namespace

void lint(const Syntax& syntax, const PolicyContext& context, Diagnostics& diagnostics) {
  Linter(syntax, diagnostics).run(context);
}

}  // namespace portcullis::policy
