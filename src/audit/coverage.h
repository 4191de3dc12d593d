// What a log covers beside its records: silences, and decisions whose outcome is not there.
//
// Plain values and pure functions, confined to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "portcullis/verify.h"

namespace portcullis::audit {

struct DecisionId {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const DecisionId&, const DecisionId&) = default;
};
struct DecisionIdHash {
  std::size_t operator()(const DecisionId& id) const;
};
DecisionId decision_id(std::string_view text);
using OpenDecisions = std::unordered_map<DecisionId, std::uint64_t, DecisionIdHash>;  // their seq

// Keeps the longest few.
void add_time_gap(std::vector<TimeGap>& gaps, TimeGap gap);
// The silence between two records, if it is long enough to be named.
void note_silence(std::vector<TimeGap>& gaps, std::string_view from, std::string_view to,
                  std::uint64_t seq);

}  // namespace portcullis::audit
