#include <sstream>

#include "base/clock.h"
#include "policy/model.h"

namespace portcullis::model {
namespace {

std::string list(const Names& names) {
  std::string out = "[";
  for (const std::string& name : names) out += (out.size() > 1 ? ", \"" : "\"") + name + '"';
  return out + ']';
}

bool is_set(const std::string& attribute) {
  static const Names sets = {"subject.groups", "request.hosted_tools", "request.remote_hosts",
                             "model.tags",     "data.classes",         "data.residual",
                             "data.types"};
  return sets.contains(attribute);
}

bool is_time(const std::string& attribute) {
  return attribute == "subject.contract_end" || attribute == "env.now";
}

std::string operation(const Atom& atom) {
  if (atom.bound_is_now) return atom.op + ": env.now";
  if (atom.op[0] == 'l' || atom.op[0] == 'g') {
    return atom.op + ": " +
           (is_time(atom.attribute) ? rfc3339_seconds(atom.bound) : std::to_string(atom.bound));
  }
  if (!is_set(atom.attribute) && atom.op == "none_of") return "not: " + list(atom.values);
  return atom.op + ": " + list(atom.values);
}

std::string match(const std::vector<Atom>& atoms) {
  std::string out = "{";
  for (std::size_t i = 0; i < atoms.size(); ++i) {
    if (i > 0) out += ", ";
    const Atom& atom = atoms[i];
    const bool plain = !is_set(atom.attribute) && atom.op == "any_of";
    out += atom.attribute + ": " + (plain ? list(atom.values) : "{" + operation(atom) + "}");
  }
  return out + '}';
}

void render_rule(std::ostringstream& out, const Rule& rule) {
  static const char* const confidences[] = {"low", "medium", "high"};
  out << "  - id: " << rule.id << "\n    effect: " << rule.effect
      << "\n    match: " << match(rule.match)
      << "\n    min_confidence: " << confidences[static_cast<int>(rule.min_confidence)] << '\n';
  if (rule.shadow) out << "    mode: shadow\n";
  if (rule.valid_until) out << "    valid_until: " << rfc3339_seconds(*rule.valid_until) << '\n';
  if (rule.effect == "permit") out << "    data_within: " << list(rule.classes) << '\n';
  if (rule.effect == "require") {
    out << "    obligations: [{type: redact, classes: " << list(rule.classes) << "}]\n";
  }
}

}  // namespace

std::string render(const Policy& policy) {
  std::ostringstream out;
  out << "apiVersion: portcullis/v1\nkind: PolicySet\nmetadata:\n  name: random\n  sequence: 1\n";
  if (policy.valid_until) out << "  valid_until: " << rfc3339_seconds(*policy.valid_until) << '\n';
  out << "models:\n  a: {names: [model-a], region: eu, tags: [approved]}\n"
         "  b: {names: [model-b], region: us}\n";
  out << (policy.rules.empty() ? "rules: []\n" : "rules:\n");
  for (const Rule& rule : policy.rules) render_rule(out, rule);
  return out.str();
}

std::string catalogue_entry(const std::string& wire_name) {
  if (wire_name == "model-a") return "a";
  return wire_name == "model-b" ? "b" : "";
}

std::string describe(const Ruling& ruling) {
  std::string out = (ruling.allowed ? "allow " : "deny ") + ruling.reason;
  for (const auto& [label, names] : {std::pair("rules", ruling.rules),
                                     {"redacted", ruling.redacted},
                                     {"shadow", ruling.shadow}}) {
    out += std::string(" ") + label + "=" + list(names);
  }
  return out;
}

}  // namespace portcullis::model
