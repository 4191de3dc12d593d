// A second model of the policy language, for differential tests: its own tree, its own evaluator,
// no code of src/policy. Slow and literal on purpose: it reads like docs/policy.md.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "portcullis/types.h"

namespace portcullis::model {

using Names = std::set<std::string>;

struct Atom {
  std::string attribute;
  std::string op;  // any_of, all_of, none_of, lt, lte, gt, gte
  Names values;
  std::int64_t bound = 0;
  bool bound_is_now = false;
};

struct Rule {
  std::string id;
  std::string effect;  // permit, forbid, require
  std::vector<Atom> match;
  Names classes;  // data_within or what is redacted
  Confidence min_confidence = Confidence::low;
  bool shadow = false;
  std::optional<std::int64_t> valid_until;
};

struct Policy {
  std::vector<Rule> rules;
  std::optional<std::int64_t> valid_until;
};

struct Ruling {
  bool allowed = false;
  std::string reason;
  Names rules;
  Names redacted;
  Names shadow;
  friend bool operator==(const Ruling&, const Ruling&) = default;
};

// The policy as YAML, with the catalogue of catalogue_entry().
std::string render(const Policy& policy);
// The entries of the fixed catalogue are model-a (eu, approved) and model-b (us).
std::string catalogue_entry(const std::string& wire_name);

Ruling naive(const Policy& policy, const PolicyInput& input);
Ruling ruling_of(const Decision& decision);

// For failure messages.
std::string describe(const Ruling& ruling);

}  // namespace portcullis::model
