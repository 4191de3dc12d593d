#include <algorithm>
#include <map>

#include "policy/model.h"

namespace portcullis::model {
namespace {

// 0 no, 1 unknown, 2 yes
using Truth = int;

Names names_of(const std::vector<std::string>& values) { return {values.begin(), values.end()}; }

std::optional<Names> single(const std::string& value) {
  if (value.empty()) return std::nullopt;
  return Names{value};
}

std::optional<Names> single(const std::optional<std::string>& value) {
  return value ? single(*value) : std::nullopt;
}

std::optional<Names> word(const std::optional<bool>& value) {
  if (!value) return std::nullopt;
  return Names{*value ? "true" : "false"};
}

std::map<std::string, std::optional<Names>> known_names(const PolicyInput& in, Confidence least) {
  Names classes, types;
  for (const DataItem& item : in.data) {
    if (item.confidence < least) continue;
    classes.insert(item.classes.begin(), item.classes.end());
    types.insert(item.type);
  }
  std::optional<Names> kind, proof, groups, tags;
  if (in.subject.kind == SubjectKind::person) kind = Names{"person"};
  if (in.subject.kind == SubjectKind::service) kind = Names{"service"};
  if (in.subject.proof == Proof::directory) proof = Names{"directory"};
  if (in.subject.proof == Proof::profile) proof = Names{"profile"};
  if (in.subject.groups) groups = names_of(*in.subject.groups);
  if (!in.model.entry.empty()) tags = names_of(in.model.tags);
  return {{"subject.kind", kind},
          {"subject.id", single(in.subject.id)},
          {"subject.groups", groups},
          {"subject.employment", single(in.subject.employment)},
          {"subject.guest", word(in.subject.guest)},
          {"subject.proof", proof},
          {"client.id", single(in.client.id)},
          {"client.kind", single(in.client.kind)},
          {"client.purpose", single(in.client.purpose)},
          {"action", single(in.request.action)},
          {"request.surface", single(in.request.surface)},
          {"request.path", single(in.request.path)},
          {"request.stream", word(in.request.stream)},
          {"request.credential", single(in.request.credential)},
          {"request.hosted_tools", names_of(in.request.hosted_tools)},
          {"request.remote_hosts", names_of(in.request.remote_hosts)},
          {"model.entry", single(in.model.entry)},
          {"model.name", single(in.model.name)},
          {"model.upstream", single(in.model.upstream)},
          {"model.region", single(in.model.region)},
          {"model.tags", tags},
          {"data.classes", classes},
          {"data.types", types}};
}

std::optional<std::int64_t> known_number(const PolicyInput& in, const std::string& attribute,
                                         Confidence least) {
  if (attribute == "env.now") return in.env.now;
  if (attribute == "subject.contract_end") return in.subject.contract_end;
  if (attribute == "subject.auth_age_s") {
    if (!in.subject.auth_time || in.env.now - *in.subject.auth_time < -60) return std::nullopt;
    return std::max<std::int64_t>(0, in.env.now - *in.subject.auth_time);
  }
  std::int64_t count = 0;
  for (const DataItem& item : in.data) {
    for (const std::string& name : item.classes) {
      if ("data.count." + name == attribute && item.confidence >= least) count += item.count;
    }
  }
  return count;
}

bool wildcard(const std::string& pattern, const std::string& text, std::size_t p = 0,
              std::size_t t = 0) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == '*') {
    return wildcard(pattern, text, p + 1, t) ||
           (t < text.size() && wildcard(pattern, text, p, t + 1));
  }
  return t < text.size() && pattern[p] == text[t] && wildcard(pattern, text, p + 1, t + 1);
}

bool holds(const Atom& atom, const Names& have) {
  const bool glob = atom.attribute == "request.path" || atom.attribute == "model.name";
  std::size_t hits = 0;
  for (const std::string& value : atom.values) {
    hits += static_cast<std::size_t>(std::any_of(have.begin(), have.end(), [&](const auto& name) {
      return glob ? wildcard(value, name) : value == name;
    }));
  }
  if (atom.op == "any_of") return hits > 0;
  if (atom.op == "none_of") return hits == 0;
  return hits == atom.values.size();
}

bool holds(const std::string& op, std::int64_t value, std::int64_t bound) {
  if (op == "lt") return value < bound;
  if (op == "lte") return value <= bound;
  if (op == "gt") return value > bound;
  return value >= bound;
}

// What every redaction in `sure` covers, and what those in `all` might.
struct Redactions {
  Names sure, all;
};

bool hits(const Names& classes, const DataItem& item) {
  return std::any_of(item.classes.begin(), item.classes.end(),
                     [&](const std::string& name) { return classes.contains(name); });
}

Names left_after(const Names& redacted, const PolicyInput& in, Confidence least) {
  Names left;
  for (const DataItem& item : in.data) {
    if (item.confidence < least || (item.redactable && hits(redacted, item))) continue;
    left.insert(item.classes.begin(), item.classes.end());
  }
  return left;
}

// Unknown membership: the atom is asked for the least and the most that can be left.
Truth residual(const Atom& atom, const Rule& rule, const PolicyInput& in, const Redactions& done) {
  const bool least = holds(atom, left_after(done.all, in, rule.min_confidence));
  const bool most = holds(atom, left_after(done.sure, in, rule.min_confidence));
  return least == most ? (least ? 2 : 0) : 1;
}

Truth truth(const Rule& rule, const PolicyInput& in, const Redactions& done) {
  Truth result = 2;
  const auto facts = known_names(in, rule.min_confidence);
  for (const Atom& atom : rule.match) {
    Truth one = 1;
    if (atom.attribute == "data.residual") {
      one = residual(atom, rule, in, done);
    } else if (facts.contains(atom.attribute)) {
      const auto& have = facts.at(atom.attribute);
      if (have) one = holds(atom, *have) ? 2 : 0;
    } else if (const auto value = known_number(in, atom.attribute, rule.min_confidence)) {
      one = holds(atom.op, *value, atom.bound_is_now ? in.env.now : atom.bound) ? 2 : 0;
    }
    result = std::min(result, one);
  }
  const bool expired = rule.valid_until && in.env.now >= *rule.valid_until;
  return rule.effect == "permit" && expired ? 0 : result;
}

struct Evaluation {
  Ruling ruling;
  Names requires_;
};

Evaluation evaluate(const std::vector<Rule>& rules, const PolicyInput& in) {
  Evaluation out;
  Redactions done;
  for (const Rule& rule : rules) {
    if (rule.effect != "require") continue;
    const Truth t = truth(rule, in, {});
    if (t > 0) {
      out.requires_.insert(rule.id);
      done.all.insert(rule.classes.begin(), rule.classes.end());
    }
    if (t == 2) done.sure.insert(rule.classes.begin(), rule.classes.end());
  }
  Names forbidding, perhaps, permitting, covering;
  const Names left = left_after(done.sure, in, Confidence::low);
  for (const Rule& rule : rules) {
    const Truth t = rule.effect == "require" ? 0 : truth(rule, in, done);
    if (rule.effect == "forbid" && t == 2) forbidding.insert(rule.id);
    if (rule.effect == "forbid" && t == 1) perhaps.insert(rule.id);
    if (rule.effect != "permit" || t != 2) continue;
    permitting.insert(rule.id);
    if (std::ranges::includes(rule.classes, left)) covering.insert(rule.id);
  }
  Names unredactable;
  for (const Rule& rule : rules) {
    for (const DataItem& item : in.data) {
      if (out.requires_.contains(rule.id) && !item.redactable && hits(rule.classes, item)) {
        unredactable.insert(rule.id);
      }
    }
  }
  const auto deny = [&](const char* reason, const Names& ids) {
    out.ruling.reason = reason;
    out.ruling.rules = ids;
    return out;
  };
  if (!forbidding.empty()) return deny("forbidden", forbidding);
  if (!perhaps.empty()) return deny("indeterminate", perhaps);
  if (permitting.empty()) return deny("not_permitted", {});
  if (!unredactable.empty()) return deny("unredactable", unredactable);
  if (covering.empty()) return deny("data_not_covered", permitting);
  covering.insert(out.requires_.begin(), out.requires_.end());
  out.ruling = {true, "none", covering, done.all, {}};
  return out;
}

}  // namespace

Ruling naive(const Policy& policy, const PolicyInput& in) {
  const auto refuse = [](const char* reason) { return Ruling{false, reason, {}, {}, {}}; };
  if (policy.valid_until && in.env.now >= *policy.valid_until) return refuse("policy_unavailable");
  const bool no_model = in.model.name.empty() && in.model.entry.empty();
  if (no_model && in.request.action != "list_models") return refuse("unknown_model");
  if (!no_model && (in.model.entry.empty() || catalogue_entry(in.model.name) != in.model.entry)) {
    return refuse("unknown_model");
  }
  std::vector<Rule> enforced;
  Names shadow;
  for (const Rule& rule : policy.rules) {
    if (!rule.shadow) enforced.push_back(rule);
    if (rule.shadow) shadow.insert(rule.id);
  }
  Ruling ruling = evaluate(enforced, in).ruling;
  const Evaluation trial = evaluate(policy.rules, in);
  if (ruling.allowed != trial.ruling.allowed || ruling.redacted != trial.ruling.redacted) {
    Names due = trial.ruling.rules;
    due.insert(trial.requires_.begin(), trial.requires_.end());
    std::ranges::set_intersection(due, shadow, std::inserter(ruling.shadow, ruling.shadow.end()));
  }
  return ruling;
}

Ruling ruling_of(const Decision& decision) {
  Ruling out{decision.effect == Effect::allow,
             std::string(reason_code(decision.reason)),
             names_of(decision.rules),
             {},
             names_of(decision.shadow)};
  for (const Obligation& obligation : decision.obligations) {
    out.redacted.insert(obligation.classes.begin(), obligation.classes.end());
  }
  return out;
}

}  // namespace portcullis::model
