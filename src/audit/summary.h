// The records of a stream as a person reads them: one flat summary each, in their order.
//
// For the command line. Proves nothing: verify_log() does. Confined to one thread; memory is
// bounded by the longest line.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "portcullis/result.h"

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

using RecordVisitor = std::function<void(const RecordSummary& summary, std::string_view line)>;

// Returns the number of lines that are no records.
Result<std::uint64_t> visit_records(const std::string& directory, const RecordVisitor& visitor);

}  // namespace portcullis::audit
