// One evaluation of the rules over what matched: requires, residual, forbids, permits, obligations.
//
// docs/policy.md has the semantics. Pure; confined to the calling thread. Results borrow nothing.
#pragma once

#include <span>

#include "policy/bits.h"
#include "policy/compile.h"
#include "policy/match.h"
#include "portcullis/types.h"

namespace portcullis::policy {

struct Outcome {
  explicit Outcome(const PolicySet::Compiled& policy)
      : deciding(policy.permits.size()),
        applied(policy.permits.size()),
        redacted(policy.classes_words()),
        covered(policy.classes_words()) {}
  Reason reason = Reason::none;  // none: allowed
  ScratchBits deciding;          // rules: the ones that a reader needs to see
  ScratchBits applied;           // rules: requires that apply, certainly or not
  ScratchBits redacted;          // classes that they redact
  ScratchBits covered;           // classes for which redaction is certain
};

// Over the rules in `active` only.
Outcome evaluate(const PolicySet::Compiled& policy, const PolicyInput& input,
                 const Matched& matched, std::span<const Word> active);

// Whether the item has a class in `classes`.
bool has_class(const PolicySet::Compiled& policy, const DataItem& item,
               std::span<const Word> classes);

}  // namespace portcullis::policy
