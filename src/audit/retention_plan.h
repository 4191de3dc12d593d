// What an approval would do to the stream in a directory, and whether it may: before anything is
// written.
//
// - `drop` takes whole sealed segments, but for record 0, which stays;
// - `erase` takes records that are there and that no proof, key or seal rests on;
// - nothing touches the unsealed segment;
// - a segment that holds an earlier `retention` record goes only if the new approval names
//   everything again that the earlier one permits: else the log would look tampered with.
//
// Reads only; confined to one thread; memory as for StreamTree. Errors name the range:
// Cause::invalid where a rule is broken, Cause::untrusted where the log contradicts itself, and
// then nothing may go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/approval.h"
#include "audit/proof.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct PlannedDrop {
  SeqRange range;
  std::vector<Digest> roots;  // of its perfect subtrees, left to right
};

struct RetentionPlan {
  std::vector<PlannedDrop> dropped;
  std::uint64_t segments_dropped = 0;  // the first one, which keeps record 0, included
  std::uint64_t records_dropped = 0;   // of those that are still there
  std::uint64_t records_erased = 0;    // of those that are not erased yet
};
Result<RetentionPlan> plan_retention(const std::string& directory, const Approval& approval,
                                     const PublicKey& approver);

// Members of the `retention` record.
std::string retention_members(std::string_view note, const RetentionPlan& plan);

// The segment that holds a retention record with exactly this approval.
Result<std::optional<std::uint64_t>> find_retention(const std::string& directory,
                                                    std::string_view note);

// All sealed segments from the beginning that hold nothing of `time` or later, as one range;
// nullopt if there are none. `time` as in records.
Result<std::optional<SeqRange>> segments_before(const std::string& directory,
                                                std::string_view time);

}  // namespace portcullis::audit
