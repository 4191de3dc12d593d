// The table of attributes: name, type, the values it can have, and how it is read from an input.
//
// Constant data and pure functions; safe from any thread. A reader's result views the input.
// A value that is absent is *unknown*, never empty: see docs/policy.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/syntax.h"
#include "portcullis/types.h"

namespace portcullis::policy {

enum class AttributeType : std::uint8_t {
  text,      // one string
  glob,      // one string, compared with patterns
  boolean,   // "true" or "false"
  set,       // strings
  integer,   // a number
  time,      // seconds since the epoch
  classes,   // data.classes: a set, at the rule's confidence
  types,     // data.types: likewise
  residual,  // data.residual: a set of which some members can be unknown
  count,     // data.count.<class>: a number
};

// The value of a text, boolean or set: `one`, or `many`. nullopt stands for unknown.
struct Names {
  std::string_view one;
  std::span<const std::string> many;
};

struct AttributeInfo {
  Attribute attribute;
  std::string_view name;
  AttributeType type;
  std::span<const std::string_view> values;  // empty: not a closed list
  std::optional<Names> (*names)(const PolicyInput&) = nullptr;
  std::optional<std::int64_t> (*number)(const PolicyInput&) = nullptr;
};

const AttributeInfo& attribute_info(Attribute attribute);
// nullptr: this version has no attribute of that name. data.count is found without its class.
const AttributeInfo* find_attribute(std::string_view name);
std::vector<std::string_view> attribute_names();

// Attributes of the language that this version does not have yet: "not known", not "misspelt".
bool is_later_attribute(std::string_view name);

// The classes that say that something could not be read; always known to a policy.
std::span<const std::string_view> unscanned_classes();

}  // namespace portcullis::policy
