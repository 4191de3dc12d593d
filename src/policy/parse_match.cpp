// Conditions: attribute, operator and values, checked against the attribute's type.
#include <algorithm>
#include <tuple>

#include "policy/attributes.h"
#include "policy/parse_parts.h"

namespace portcullis::policy {
namespace {

constexpr std::int64_t integer_max = std::int64_t{1} << 53;
constexpr std::string_view count_prefix = "data.count.";

constexpr std::string_view operators[] = {"any_of", "all_of", "none_of", "lt", "lte", "gt", "gte"};

const Keys operator_keys{{"not", "any_of", "all_of", "none_of", "lt", "lte", "gt", "gte"},
                         {"within", "outside", "matches"}};

enum class Family : std::uint8_t { single, set, ordered };

Family family(AttributeType type) {
  switch (type) {
    case AttributeType::text:
    case AttributeType::glob:
    case AttributeType::boolean:
      return Family::single;
    case AttributeType::set:
    case AttributeType::classes:
    case AttributeType::types:
    case AttributeType::residual:
      return Family::set;
    case AttributeType::integer:
    case AttributeType::time:
    case AttributeType::count:
      return Family::ordered;
  }
  return Family::single;
}

std::string_view expected_form(Family family) {
  switch (family) {
    case Family::single:
      return "a value, a list of values, or {not: ...}";
    case Family::set:
      return "{any_of: [...]}, {all_of: [...]} or {none_of: [...]}";
    case Family::ordered:
      return "{lt: ...}, {lte: ...}, {gt: ...} or {gte: ...}";
  }
  return {};
}

Family family_of(const Atom& atom) { return family(attribute_info(atom.attribute).type); }

}  // namespace

std::string_view operator_name(Operator op) { return operators[static_cast<std::size_t>(op)]; }

std::vector<Atom> Parser::match(const YamlNode& node) {
  std::vector<Atom> atoms;
  if (node.kind != YamlNode::Kind::mapping) {
    diagnostics_.error(node.position, "expected a mapping of attributes; {} matches everything");
    return atoms;
  }
  bool action = false;
  for (const auto& [key, value] : node.pairs) {
    const std::optional<Atom> subject = attribute(key);
    if (!subject) continue;
    if (subject->attribute == Attribute::action) {
      if (action) diagnostics_.error(key.position, "action and request.action are the same");
      action = true;
    }
    condition(*subject, value, atoms);
  }
  const auto order = [](const Atom& atom) {
    return std::tie(atom.attribute, atom.data_class, atom.op);
  };
  std::ranges::sort(atoms, {}, order);
  return atoms;
}

// An atom that so far has only its attribute.
std::optional<Atom> Parser::attribute(const YamlNode& key) {
  Atom atom;
  std::string_view name = key.text;
  const bool count = name.starts_with(count_prefix);
  if (count) name = count_prefix.substr(0, count_prefix.size() - 1);
  const AttributeInfo* info = find_attribute(name);
  const std::string shown = quote_for_message(key.text);
  if (info == nullptr && is_later_attribute(name)) {
    diagnostics_.error(key.position,
                       "attribute " + shown + " is not known to this version of Portcullis");
    return std::nullopt;
  }
  if (info == nullptr) {
    diagnostics_.error(key.position,
                       "unknown attribute " + shown + suggestion(name, attribute_names()));
    return std::nullopt;
  }
  if (info->type == AttributeType::count) {
    if (!count) {
      diagnostics_.error(key.position, "data.count needs a class: data.count.<class>");
      return std::nullopt;
    }
    atom.data_class = key.text.substr(count_prefix.size());
    check_known(key.position, "data class", atom.data_class, vocabulary_.data_classes);
  }
  atom.attribute = info->attribute;
  return atom;
}

void Parser::condition(const Atom& subject, const YamlNode& node, std::vector<Atom>& out) {
  if (node.kind == YamlNode::Kind::mapping && !node.pairs.empty()) {
    check_keys(node, operator_keys);
    for (const auto& [key, value] : node.pairs) operation(subject, key, value, out);
    return;
  }
  const bool plain = node.kind == YamlNode::Kind::scalar || node.kind == YamlNode::Kind::sequence;
  if (!plain || family_of(subject) != Family::single) {
    diagnostics_.error(node.position, "expected " + std::string(expected_form(family_of(subject))));
    return;
  }
  Atom atom = subject;
  read_values(node, atom);
  out.push_back(std::move(atom));
}

void Parser::operation(const Atom& subject, const YamlNode& key, const YamlNode& value,
                       std::vector<Atom>& out) {
  const bool negation = key.text == "not";
  const auto found = std::ranges::find(operators, key.text);
  if (!negation && found == std::end(operators)) return;  // reported by check_keys
  Atom atom = subject;
  atom.op = negation ? Operator::none_of : static_cast<Operator>(found - std::begin(operators));
  const Family kind = family_of(subject);
  const bool ordered = atom.op >= Operator::lt;
  const bool fits = kind == Family::single    ? negation
                    : kind == Family::ordered ? ordered
                                              : !ordered && !negation;
  if (!fits) {
    diagnostics_.error(key.position, "operator \"" + key.text + "\" does not fit " +
                                         std::string(attribute_info(subject.attribute).name) +
                                         ", expected " + std::string(expected_form(kind)));
    return;
  }
  ordered ? read_bound(value, atom) : read_values(value, atom);
  out.push_back(std::move(atom));
}

void Parser::read_values(const YamlNode& node, Atom& atom) {
  if (node.kind == YamlNode::Kind::scalar && family_of(atom) == Family::single) {
    if (std::optional<std::string> value = name(node)) {
      check_value(atom, node.position, *value);
      atom.values.push_back(std::move(*value));
    }
    return;
  }
  if (node.kind == YamlNode::Kind::sequence && node.items.empty()) {
    diagnostics_.error(node.position, "expected at least one value");
  }
  for (const YamlNode& item : node.items) {
    if (item.kind == YamlNode::Kind::scalar) check_value(atom, item.position, item.text);
  }
  atom.values = names(node);
}

void Parser::read_bound(const YamlNode& node, Atom& atom) {
  if (attribute_info(atom.attribute).type != AttributeType::time) {
    atom.bound = read_integer(node, 0, integer_max, diagnostics_).value_or(0);
    return;
  }
  atom.bound_is_now = node.kind == YamlNode::Kind::scalar && node.text == "env.now";
  if (atom.bound_is_now && atom.attribute == Attribute::env_now) {
    diagnostics_.error(node.position, "env.now cannot be compared with itself");
  }
  if (!atom.bound_is_now) atom.bound = timestamp(node).value_or(0);
}

void Parser::check_value(const Atom& atom, Position position, std::string_view value) {
  const AttributeInfo& info = attribute_info(atom.attribute);
  if (!info.values.empty()) {
    const std::vector<std::string> known(info.values.begin(), info.values.end());
    check_known(position, info.name, value, known);
  }
  if (info.type == AttributeType::classes || info.type == AttributeType::residual) {
    check_known(position, "data class", value, vocabulary_.data_classes);
  }
  if (info.type == AttributeType::types) {
    check_known(position, "data type", value, vocabulary_.data_types);
  }
  if (atom.attribute == Attribute::model_upstream) {
    check_known(position, "upstream", value, vocabulary_.upstreams);
  }
  if (atom.attribute == Attribute::model_entry) {
    // An empty catalogue has no entry either.
    const std::span<const std::string> entries = vocabulary_.entries;
    if (entries.empty()) diagnostics_.error(position, "the catalogue of models is empty");
    check_known(position, "model", value, entries);
  }
  if (info.type == AttributeType::glob &&
      std::ranges::count(value, '*') > static_cast<std::ptrdiff_t>(stars_max)) {
    diagnostics_.error(position,
                       "more than " + std::to_string(stars_max) + " \"*\" in one pattern");
  }
}

}  // namespace portcullis::policy
