// What the approver permitted: the `retention` records of a stream, read and judged.
//
// Confined to one thread. A record that does not verify permits nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/approval.h"
#include "audit/merkle.h"

namespace portcullis::audit {

// A range of records that is not there any more, and the roots of the subtrees that it was.
struct DroppedRange {
  SeqRange records;
  std::vector<Digest> roots;
};

struct RetentionClaim {
  std::string_view line;
  std::string_view origin;      // of the stream
  std::uint64_t first_seq = 0;  // of the segment that holds it: only earlier records can be named
};

class Permissions {
 public:
  // nullopt, or why the record permits nothing.
  std::optional<std::string> add(const RetentionClaim& claim, const PublicKey& approver);

  // Every record of the range, by one or several approvals.
  bool may_drop(const SeqRange& records) const { return covered(drop_, records); }
  bool may_erase(const SeqRange& records) const { return covered(erase_, records); }
  bool acknowledges(const SeqRange& records) const { return covered(acknowledge_, records); }
  // The tree after the missing records that begin where `before` ends; nullopt if the roots that
  // were kept do not tell.
  std::optional<Frontier> join(const Frontier& before, std::uint64_t end) const;

 private:
  static bool covered(const std::vector<SeqRange>& ranges, const SeqRange& records);
  static void merge(std::vector<SeqRange>& ranges, const std::vector<SeqRange>& more);

  // Ascending, not overlapping, not touching.
  std::vector<SeqRange> drop_, erase_, acknowledge_;
  std::vector<DroppedRange> dropped_;
};

}  // namespace portcullis::audit
