// The JSON that a record may hold: no floats, no nulls, integers below 2^53, no member twice in one
// object, at most 64 levels. Two readers of such a text cannot understand it differently.
//
// Pure, safe from any thread, linear in the length of the text but for the sorting of member names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "portcullis/types.h"

namespace portcullis::audit {

// What a reader wants of every record.
struct RecordFacts {
  std::string id;                // of decision and outcome
  std::optional<Effect> effect;  // of a decision
};

// nullopt if `line` is such a text, else what is wrong with it.
std::optional<std::string> check_strict_json(std::string_view line, RecordFacts& facts);

}  // namespace portcullis::audit
