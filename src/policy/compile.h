// The compiled form of a policy set: what decide() runs on.
//
// For every attribute (and confidence, where the attribute is data) that some rule constrains there
// is one Slot: per value, which rules it satisfies or excludes. A decision ANDs the slots; whatever
// cannot be indexed (comparisons, patterns, all_of, data.residual) is an atom that is evaluated on
// the rules that survive. Immutable once built; safe to share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "policy/attributes.h"
#include "policy/bits.h"
#include "policy/syntax.h"
#include "portcullis/policy.h"

namespace portcullis::policy {

// Sorted names and their ranks.
class NameTable {
 public:
  NameTable() = default;
  explicit NameTable(std::vector<std::string> names);
  std::optional<std::size_t> find(std::string_view name) const;
  std::size_t size() const { return names_.size(); }
  const std::string& operator[](std::size_t i) const { return names_[i]; }

 private:
  std::vector<std::string> names_;
};

struct Slot {
  const AttributeInfo* info = nullptr;
  Confidence confidence = Confidence::low;  // of data.classes and data.types
  Bits constrained;                         // rules with any condition here
  Bits without_any_of;                      // rules that need no particular value
  NameTable values;
  std::vector<Bits> satisfied;  // by value: rules whose any_of lists it
  std::vector<Bits> excluded;   // by value: rules whose none_of lists it
};

struct CompiledRule {
  std::vector<Atom> atoms;             // not indexed, in the order of their cost
  std::vector<Atom> residual_atoms;    // on data.residual
  std::vector<Bits> residual_classes;  // of each of those
  Confidence min_confidence = Confidence::low;
  Bits classes;  // of a permit: data_within; of a require: what it redacts
};

}  // namespace portcullis::policy

namespace portcullis {

struct PolicySet::Compiled {
  policy::Syntax syntax;  // compiled rule i is syntax.rules[i]
  Digest digest{};
  Digest source_digest{};
  policy::NameTable wire_names;
  std::vector<std::size_t> entry_of_name;  // index into syntax.models
  policy::NameTable classes;               // every data class the policy names

  std::vector<policy::Slot> slots;
  std::vector<policy::CompiledRule> rules;
  policy::Bits permits, forbids, requires_;
  policy::Bits enforced, shadow;
  policy::Bits with_atoms;     // rules that have CompiledRule::atoms
  policy::Bits with_residual;  // rules that have residual_atoms

  std::size_t classes_words() const { return policy::words_for(classes.size()); }
};

namespace policy {

// Reports an error, and returns nullptr, where the index would be unreasonably large.
std::unique_ptr<PolicySet::Compiled> compile(Syntax syntax, Diagnostics& diagnostics);

}  // namespace policy
}  // namespace portcullis
