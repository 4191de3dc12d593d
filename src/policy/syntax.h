// The syntax tree of a policy set, normalised: what the parser makes, what the digest is over, and
// what everything after it (lint, compile, canonical form) reads.
//
// Plain values; safe to share once built. INVARIANT: rules are sorted by id, a rule's atoms by
// attribute, data class and operator, every list of names is sorted without repeats.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "portcullis/policy.h"
#include "portcullis/types.h"

namespace portcullis::policy {

// Rises when the same tree would be decided differently: it is part of the digest.
inline constexpr std::int64_t semantics_version = 1;

enum class RuleEffect : std::uint8_t { permit, forbid, require };
enum class Tier : std::uint8_t { hard, soft };
enum class Mode : std::uint8_t { enforce, shadow };

// In the order of the table in attributes.cpp.
enum class Attribute : std::uint8_t {
  subject_kind,
  subject_id,
  subject_groups,
  subject_employment,
  subject_contract_end,
  subject_guest,
  subject_auth_age_s,
  subject_proof,
  client_id,
  client_kind,
  client_purpose,
  action,
  request_surface,
  request_path,
  request_stream,
  request_credential,
  request_hosted_tools,
  request_remote_hosts,
  model_entry,
  model_name,
  model_upstream,
  model_region,
  model_tags,
  data_classes,
  data_residual,
  data_types,
  data_count,
  env_now,
};

// `any_of` is also what a plain value or list means; `none_of` is also what `not` means: a single
// value is a set of one.
enum class Operator : std::uint8_t { any_of, all_of, none_of, lt, lte, gt, gte };
std::string_view operator_name(Operator op);
std::string_view effect_name(RuleEffect effect);

// One condition on one attribute.
struct Atom {
  Attribute attribute = Attribute::subject_kind;
  std::string data_class;  // of data.count.<class>
  Operator op = Operator::any_of;
  std::vector<std::string> values;  // of any_of, all_of, none_of
  std::int64_t bound = 0;           // of the others: an integer, or seconds since the epoch
  bool bound_is_now = false;        // compare with env.now instead of `bound`
};

struct Rule {
  std::string id;
  RuleEffect effect = RuleEffect::permit;
  Tier tier = Tier::hard;
  Mode mode = Mode::enforce;
  Confidence min_confidence = Confidence::low;
  std::vector<Atom> match;
  std::vector<std::string> data_within;  // of a permit
  std::vector<std::string> redact;       // of a require: the classes to redact
  std::optional<std::int64_t> valid_until;
  std::string owner;
  std::string ticket;
  Position position;  // not part of the canonical form
};

struct Syntax {
  std::string name;
  std::int64_t sequence = 0;
  std::optional<std::int64_t> valid_until;
  std::vector<ModelEntry> models;  // sorted by key
  std::vector<Rule> rules;
};

}  // namespace portcullis::policy
