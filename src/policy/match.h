// Which rules an input satisfies: three-valued, by index first and atoms on the survivors.
//
// Pure functions; safe from any thread. Results borrow nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "policy/bits.h"
#include "policy/compile.h"
#include "portcullis/types.h"

namespace portcullis::policy {

enum class Truth : std::uint8_t { no, unknown, yes };

// Rules by truth. INVARIANT: certain is a subset of possible; possible without certain is unknown.
struct Matched {
  explicit Matched(std::size_t words) : certain(words), possible(words) {}
  void lower(std::size_t rule, Truth truth);
  ScratchBits certain;
  ScratchBits possible;
};

// All conditions but those on data.residual, which are taken to hold.
Matched match_rules(const PolicySet::Compiled& policy, const PolicyInput& input);

// What of the data stays uncovered by redactions: certainly, and at most. The difference comes from
// redactions of which it is unknown whether they are required.
struct Residual {
  explicit Residual(std::size_t words) : certain(words), possible(words) {}
  ScratchBits certain;
  ScratchBits possible;
  bool foreign = false;  // data of a class that the policy never names
};

Truth residual_truth(const Residual& residual, Operator op, std::span<const Word> classes);

}  // namespace portcullis::policy
