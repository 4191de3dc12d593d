// Policy: a closed, typed, order-independent YAML language, compiled once; deciding is a pure
// function.
//
// Semantics: docs/policy.md. Default deny; a missing attribute is unknown, and unknown never helps
// a permit (permit: does not match; forbid: matches, reason indeterminate; require: applies, but
// does not cover).
//
// Thread-safety: a PolicySet is immutable and may be shared. Errors: load_policy reports all of
// them, each with file:line:column; decide() cannot fail.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis {

struct ModelEntry {
  std::string key;                 // the catalogue's name for it
  std::vector<std::string> names;  // exact names on the wire
  std::string upstream;            // empty: the route's
  std::optional<std::string> region;
  std::vector<std::string> tags;
};

class PolicySet {
 public:
  ~PolicySet();
  const std::string& name() const;
  std::int64_t sequence() const;
  // SHA-256 of the RFC 8785 form of the normalised syntax tree, with the semantics version.
  const Digest& digest() const;
  // SHA-256 of the source bytes.
  const Digest& source_digest() const;
  // The catalogue's entry for an exact wire name; nullptr if there is none.
  const ModelEntry* find_model(std::string_view wire_name) const;
  const std::vector<ModelEntry>& models() const;
  std::size_t rule_count() const;

  struct Compiled;  // src/policy only
  explicit PolicySet(std::unique_ptr<const Compiled> compiled);
  const Compiled& compiled() const { return *compiled_; }

 private:
  std::unique_ptr<const Compiled> compiled_;
};

// What the policy may refer to; unknown names in it are load errors.
struct PolicyContext {
  std::vector<std::string>
      data_classes;  // that the classifier can report; unscanned.* are always known
  std::vector<std::string> upstreams;   // configured names; empty: not checked
  std::vector<std::string> data_types;  // that the classifier can report; empty: not checked
};

struct PolicyLoad {
  std::shared_ptr<const PolicySet> policy;  // nullptr if there was an error
  std::vector<std::string> errors;          // "file:line:column: ..."
  std::vector<std::string> warnings;        // lint, in the same form
};

// `file` is only used in messages. Never throws.
PolicyLoad load_policy(std::string_view text, const std::string& file,
                       const PolicyContext& context);

// The decision on one request for one model. Pure: no clock, no state, no I/O.
Decision decide(const PolicySet& policy, const PolicyInput& input);

// Whether an item of this class would be replaced under these obligations.
bool is_redacted(const DataItem& item, const std::vector<Obligation>& obligations);

// The recorded form of an input, in one fixed member order; unknown attributes are left out.
void append_json(std::string& out, const PolicyInput& input);
// The inverse, for replay. parse_policy_input(append_json(x)) == x.
Result<PolicyInput> parse_policy_input(std::string_view json);

}  // namespace portcullis
