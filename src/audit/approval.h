// What an approver, who is not the host, permits: dropping, erasing and acknowledging records.
//
// A C2SP signed note by the approver's Ed25519 key under the key name "approver":
//
//   portcullis approval v1\n<origin>\n
//   drop F L\n | erase F L\n | acknowledge F L\n      one or more, ascending, not overlapping
//
// Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

// Records first to last, both included.
struct SeqRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool contains(std::uint64_t seq) const { return first <= seq && seq <= last; }
  friend bool operator==(const SeqRange&, const SeqRange&) = default;
};
// Whether one of `ranges`, which ascend, holds `seq`; O(log n).
bool any_contains(const std::vector<SeqRange>& ranges, std::uint64_t seq);

// Each list ascends; no record is in two ranges of any of them.
struct Approval {
  std::string origin;  // of the one stream that it is for
  std::vector<SeqRange> drop;
  std::vector<SeqRange> erase;
  std::vector<SeqRange> acknowledge;
};

inline constexpr std::size_t approval_bytes_max = 32768;

// Cause::invalid if the ranges are none, overlap or do not ascend, Cause::limit if they are too
// many.
Result<std::string> sign_approval(const Approval& approval, const SigningKey& approver);

// Cause::invalid if it is not such a note, Cause::untrusted if `approver` did not sign it.
Result<Approval> open_approval(std::string_view note, const PublicKey& approver);

}  // namespace portcullis::audit
