// Rules: effect, obligations, and what every rule may carry.
#include <algorithm>
#include <iterator>

#include "policy/parse_parts.h"

namespace portcullis::policy {
namespace {

const Keys effects{{"permit", "forbid", "require"}, {"lift", "route"}};
const Keys tiers{{"hard", "soft"}, {}};
const Keys modes{{"enforce", "shadow"}, {}};
const Keys confidences{{"low", "medium", "high"}, {}};
const Keys obligation_types{{"redact"}, {"mask", "tokenize", "cap", "notify", "retain", "step_up"}};
const Keys obligation_keys{{"type", "classes"}, {"to", "days", "tokens", "bytes", "keep"}};

const std::vector<std::string_view> common_keys = {"id",   "effect",      "match", "min_confidence",
                                                   "mode", "valid_until", "owner", "ticket"};
const std::vector<std::string_view> later_keys = {"phase", "lifts", "response_within",
                                                  "justification", "approval"};

// The one key that each effect adds.
std::string_view own_key(RuleEffect effect) {
  switch (effect) {
    case RuleEffect::permit:
      return "data_within";
    case RuleEffect::forbid:
      return "tier";
    case RuleEffect::require:
      return "obligations";
  }
  return {};
}

}  // namespace

std::string_view effect_name(RuleEffect effect) {
  return effects.known[static_cast<std::size_t>(effect)];
}

std::optional<Rule> Parser::rule(const YamlNode& node) {
  Rule rule;
  rule.position = node.position;
  if (node.kind != YamlNode::Kind::mapping) {
    diagnostics_.error(node.position, "expected a rule: a mapping with id, effect and match");
    return std::nullopt;
  }
  const YamlNode* id = require_key(node, "id");
  if (id != nullptr) rule.id = identifier(*id).value_or("");
  const YamlNode* effect = require_key(node, "effect");
  const auto chosen = effect != nullptr ? choice(*effect, effects) : std::nullopt;
  Keys keys{common_keys, later_keys};
  if (chosen) {
    rule.effect = static_cast<RuleEffect>(*chosen);
    keys.known.push_back(own_key(rule.effect));
    effect_details(node, rule);
  } else {
    keys.known.insert(keys.known.end(), {"data_within", "tier", "obligations"});
  }
  check_keys(node, keys);
  rule_details(node, rule);
  if (rule.id.empty()) return std::nullopt;
  return rule;
}

void Parser::rule_details(const YamlNode& node, Rule& rule) {
  if (const YamlNode* conditions = require_key(node, "match")) rule.match = match(*conditions);
  if (const YamlNode* confidence = node.find("min_confidence")) {
    rule.min_confidence = static_cast<Confidence>(choice(*confidence, confidences).value_or(0));
  }
  if (const YamlNode* mode = node.find("mode")) {
    rule.mode = static_cast<Mode>(choice(*mode, modes).value_or(0));
  }
  if (const YamlNode* until = node.find("valid_until")) rule.valid_until = timestamp(*until);
  if (const YamlNode* owner = node.find("owner")) rule.owner = name(*owner).value_or("");
  if (const YamlNode* ticket = node.find("ticket")) rule.ticket = name(*ticket).value_or("");
  const auto residual = std::ranges::find(rule.match, Attribute::data_residual, &Atom::attribute);
  if (rule.effect == RuleEffect::require && residual != rule.match.end()) {
    diagnostics_.error(node.find("match")->position,
                       "a require cannot depend on data.residual: it decides what is residual");
  }
}

void Parser::effect_details(const YamlNode& node, Rule& rule) {
  switch (rule.effect) {
    case RuleEffect::permit:
      if (const YamlNode* within = require_key(node, "data_within")) {
        rule.data_within = data_classes(*within);
      }
      return;
    case RuleEffect::forbid:
      if (const YamlNode* tier = node.find("tier")) {
        rule.tier = static_cast<Tier>(choice(*tier, tiers).value_or(0));
      }
      return;
    case RuleEffect::require:
      if (const YamlNode* list = require_key(node, "obligations")) {
        rule.redact = obligations(*list);
      }
      return;
  }
}

std::vector<std::string> Parser::obligations(const YamlNode& node) {
  std::vector<std::string> redact;
  if (node.kind != YamlNode::Kind::sequence || node.items.empty()) {
    diagnostics_.error(node.position, "expected a sequence of at least one obligation");
    return redact;
  }
  for (const YamlNode& item : node.items) {
    check_keys(item, obligation_keys);
    if (const YamlNode* type = require_key(item, "type")) choice(*type, obligation_types);
    const YamlNode* classes = require_key(item, "classes");
    if (classes == nullptr) continue;
    if (classes->kind == YamlNode::Kind::sequence && classes->items.empty()) {
      diagnostics_.error(classes->position, "expected at least one data class");
    }
    for (const YamlNode& name : classes->items) {
      if (!name.text.starts_with("unscanned.")) continue;
      diagnostics_.error(name.position,
                         "what could not be read cannot be redacted: permit or forbid it");
    }
    std::ranges::move(data_classes(*classes), std::back_inserter(redact));
  }
  std::ranges::sort(redact);
  redact.erase(std::ranges::unique(redact).begin(), redact.end());
  return redact;
}

}  // namespace portcullis::policy
