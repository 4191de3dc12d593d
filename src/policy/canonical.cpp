#include "policy/canonical.h"

#include "base/json_out.h"
#include "policy/attributes.h"

namespace portcullis::policy {
namespace {

// INVARIANT: members are written in the order of their names, which are ASCII, as RFC 8785 asks.

std::string_view mode_name(Mode mode) { return mode == Mode::enforce ? "enforce" : "shadow"; }
std::string_view tier_name(Tier tier) { return tier == Tier::hard ? "hard" : "soft"; }

void write_atom(JsonWriter& json, const Atom& atom) {
  std::string attribute(attribute_info(atom.attribute).name);
  if (!atom.data_class.empty()) attribute += '.' + atom.data_class;
  json.begin_object().string("attribute", attribute).string("operator", operator_name(atom.op));
  json.name("value");
  if (atom.op < Operator::lt) {
    json.strings(atom.values);
  } else if (atom.bound_is_now) {
    json.string("env.now");
  } else {
    json.integer(atom.bound);
  }
  json.end_object();
}

void write_match(JsonWriter& json, const std::vector<Atom>& match) {
  json.name("match").begin_array();
  for (const Atom& atom : match) write_atom(json, atom);
  json.end_array();
}

void write_rule(JsonWriter& json, const Rule& rule) {
  json.begin_object();
  if (rule.effect == RuleEffect::permit) json.name("data_within").strings(rule.data_within);
  json.string("effect", effect_name(rule.effect)).string("id", rule.id);
  write_match(json, rule.match);
  json.string("min_confidence", confidence_name(rule.min_confidence));
  json.string("mode", mode_name(rule.mode));
  if (!rule.owner.empty()) json.string("owner", rule.owner);
  if (rule.effect == RuleEffect::require) json.name("redact").strings(rule.redact);
  if (!rule.ticket.empty()) json.string("ticket", rule.ticket);
  if (rule.effect == RuleEffect::forbid) json.string("tier", tier_name(rule.tier));
  if (rule.valid_until) json.integer("valid_until", *rule.valid_until);
  json.end_object();
}

void write_model(JsonWriter& json, const ModelEntry& model) {
  json.begin_object().string("key", model.key).name("names").strings(model.names);
  if (model.region) json.string("region", *model.region);
  json.name("tags").strings(model.tags);
  if (!model.upstream.empty()) json.string("upstream", model.upstream);
  json.end_object();
}

}  // namespace

std::string canonical_json(const Syntax& syntax) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("apiVersion", "portcullis/v1").string("kind", "PolicySet");
  json.name("metadata").begin_object().string("name", syntax.name);
  json.integer("sequence", syntax.sequence);
  if (syntax.valid_until) json.integer("valid_until", *syntax.valid_until);
  json.end_object().name("models").begin_array();
  for (const ModelEntry& model : syntax.models) write_model(json, model);
  json.end_array().name("rules").begin_array();
  for (const Rule& rule : syntax.rules) write_rule(json, rule);
  json.end_array().integer("semantics", semantics_version).end_object();
  return out;
}

}  // namespace portcullis::policy
