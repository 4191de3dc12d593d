// One record as a person reads it: a flat summary.
//
// For the command line. Proves nothing: verify_log() does. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "audit/record.h"

namespace portcullis::audit {

// Empty where the record does not say it. Lists are joined by commas.
struct RecordSummary {
  std::string time;
  std::uint64_t seq = 0;
  std::string type;
  std::string id;  // of the decision
  std::string person;
  std::string effect;
  std::string reason;
  std::string rules;
  std::string model;
  std::string classes;
};

RecordSummary summarise(const RecordHead& head, const nlohmann::json& record);

// The string at a JSON pointer; empty if there is none.
std::string text_at(const nlohmann::json& json, const char* pointer);

}  // namespace portcullis::audit
