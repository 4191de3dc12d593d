#include "policy/random.h"

#include <algorithm>

namespace portcullis::model {
namespace {

using Strings = std::vector<std::string>;

const Strings classes = {"contact", "npi", "phi", "pii", "secret"};
const Strings types = {"email", "iban", "us_ssn"};
const Strings groups = {"clinicians", "staff", "underwriting"};
const Strings employments = {"contractor", "employee"};
const Strings actions = {"chat", "embed", "list_models"};
const Strings paths = {"/v1/chat", "/v1/embed"};

const std::vector<std::pair<std::string, Strings>> names = {
    {"subject.kind", {"person", "service"}},
    {"subject.id", {"ada", "bob"}},
    {"subject.groups", groups},
    {"subject.employment", employments},
    {"subject.guest", {"false", "true"}},
    {"subject.proof", {"directory", "profile"}},
    {"client.kind", {"agent", "interactive"}},
    {"client.purpose", {"support"}},
    {"action", actions},
    {"request.path", {"*", "/v1/*", "*chat", "/v1/embed", "*v*e*"}},
    {"request.stream", {"false", "true"}},
    {"request.hosted_tools", {"search"}},
    {"model.entry", {"a", "b"}},
    {"model.name", {"model-*", "*-a", "model-b"}},
    {"model.region", {"eu", "us"}},
    {"model.tags", {"approved"}},
    {"data.classes", classes},
    {"data.residual", classes},
    {"data.types", types},
};
const Strings numbers = {"subject.contract_end", "subject.auth_age_s", "data.count.pii",
                         "data.count.npi", "env.now"};
const Strings set_attributes = {"subject.groups", "request.hosted_tools", "model.tags",
                                "data.classes",   "data.residual",        "data.types"};
constexpr std::int64_t epoch = 1'800'000'000;

}  // namespace

// splitmix64
std::uint64_t Random::next() {
  std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

Names Random::some(const Strings& from) {
  Names out{pick(from)};
  while (one_in(3)) out.insert(pick(from));
  return out;
}

Strings Random::sorted_some(const Strings& from) {
  if (one_in(4)) return {};
  const Names chosen = some(from);
  return {chosen.begin(), chosen.end()};
}

Atom Random::atom(const std::string& attribute) {
  Atom atom{attribute, {}, {}, 0, false};
  const auto found = std::ranges::find(names, attribute, [](const auto& row) { return row.first; });
  if (found != names.end()) {
    const bool is_set = std::ranges::count(set_attributes, attribute) > 0;
    atom.op = pick(is_set ? Strings{"any_of", "all_of", "none_of"} : Strings{"any_of", "none_of"});
    atom.values = some(found->second);
    return atom;
  }
  atom.op = pick(Strings{"lt", "lte", "gt", "gte"});
  atom.bound_is_now = attribute == "subject.contract_end" && one_in(2);
  const auto small = static_cast<std::int64_t>(below(4));
  const bool is_time = attribute == "env.now" || attribute == "subject.contract_end";
  atom.bound = is_time ? epoch + small : small;
  return atom;
}

Rule Random::rule(const std::string& id) {
  Rule rule;
  rule.id = id;
  rule.effect = pick(Strings{"permit", "permit", "forbid", "require"});
  const std::size_t wanted = below(4);
  Names used;
  while (used.size() < wanted) {
    const std::string attribute = one_in(5) ? pick(numbers) : pick(names).first;
    if (rule.effect == "require" && attribute == "data.residual") continue;
    if (!used.insert(attribute).second) continue;
    rule.match.push_back(atom(attribute));
  }
  if (rule.effect == "permit" && one_in(4))
    rule.classes = {classes.begin(), classes.end()};
  else if (rule.effect != "forbid" && (rule.effect == "require" || !one_in(5))) {
    rule.classes = some(classes);
  }
  rule.min_confidence = one_in(3) ? static_cast<Confidence>(below(3)) : Confidence::low;
  rule.shadow = one_in(6);
  if (one_in(8)) rule.valid_until = epoch + static_cast<std::int64_t>(below(4));
  return rule;
}

Policy Random::policy() {
  Policy policy;
  const std::size_t count = below(8);
  for (std::size_t i = 0; i < count; ++i) policy.rules.push_back(rule("r" + std::to_string(i)));
  if (one_in(20)) policy.valid_until = epoch + static_cast<std::int64_t>(below(4));
  return policy;
}

DataItem Random::item() {
  DataItem item;
  item.type = pick(types);
  const Names chosen = some(classes);
  item.classes = {chosen.begin(), chosen.end()};
  if (one_in(12)) item.classes.push_back("zz_undeclared");
  item.confidence = static_cast<Confidence>(below(3));
  item.count = static_cast<std::uint32_t>(1 + below(3));
  item.redactable = !one_in(6);
  return item;
}

PolicyInput Random::input() {
  PolicyInput in;
  in.env.now = epoch + static_cast<std::int64_t>(below(4));
  in.subject.kind = one_in(8) ? SubjectKind::unresolved : static_cast<SubjectKind>(1 + below(2));
  in.subject.id = pick(Strings{"ada", "bob", "ada", ""});
  in.subject.proof = static_cast<Proof>(below(3));
  if (!one_in(4)) in.subject.groups = sorted_some(groups);
  if (!one_in(4)) in.subject.employment = pick(employments);
  if (!one_in(3)) in.subject.contract_end = epoch + static_cast<std::int64_t>(below(4));
  if (!one_in(3)) in.subject.guest = one_in(2);
  if (!one_in(3)) in.subject.auth_time = epoch - 2 + static_cast<std::int64_t>(below(70));
  if (!one_in(3)) in.client.kind = pick(Strings{"agent", "interactive"});
  if (!one_in(3)) in.client.purpose = pick(Strings{"support", "other"});
  in.request.action = pick(actions);
  in.request.surface = "openai";
  in.request.path = pick(paths);
  in.request.stream = one_in(2);
  if (one_in(3)) in.request.hosted_tools = {"search"};
  if (in.request.action != "list_models") {
    in.model.name = pick(Strings{"model-a", "model-b", "model-a", "model-b", "unheard-of"});
    in.model.entry = catalogue_entry(in.model.name);
    if (!one_in(4)) in.model.region = pick(Strings{"eu", "us"});
    if (one_in(2)) in.model.tags = {"approved"};
  }
  for (std::size_t i = below(4); i > 0; --i) in.data.push_back(item());
  return in;
}

PolicyContext random_context() {
  return {{"contact", "npi", "phi", "pii", "secret"}, {}, {"email", "iban", "us_ssn"}};
}

std::vector<PolicyInput> with_less(const PolicyInput& input) {
  std::vector<PolicyInput> out;
  const auto without = [&](auto change) {
    out.push_back(input);
    change(out.back());
  };
  without([](PolicyInput& in) { in.subject.kind = SubjectKind::unresolved; });
  without([](PolicyInput& in) { in.subject.id.clear(); });
  without([](PolicyInput& in) { in.subject.proof = Proof::none; });
  without([](PolicyInput& in) { in.subject.groups.reset(); });
  without([](PolicyInput& in) { in.subject.employment.reset(); });
  without([](PolicyInput& in) { in.subject.contract_end.reset(); });
  without([](PolicyInput& in) { in.subject.guest.reset(); });
  without([](PolicyInput& in) { in.subject.auth_time.reset(); });
  without([](PolicyInput& in) { in.client.kind.reset(); });
  without([](PolicyInput& in) { in.client.purpose.reset(); });
  without([](PolicyInput& in) { in.request.path.clear(); });
  without([](PolicyInput& in) { in.model.region.reset(); });
  without([](PolicyInput& in) { in.model.entry.clear(); });
  return out;
}

}  // namespace portcullis::model
