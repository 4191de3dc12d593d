// The keys of all epochs that follow from one, each computed once in a while and not once a
// segment.
//
// Safe from any thread. Keys are wiped when they go.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "audit/chain.h"

namespace portcullis::audit {

// Keys are not evolved further: no log has that many segments (480 years of one an hour).
inline constexpr std::uint64_t epoch_steps_max = std::uint64_t{1} << 22;

class KeyLadder {
 public:
  explicit KeyLadder(const EpochKey& first) : rungs_{first}, latest_(first) {}
  std::uint64_t first_epoch() const { return rungs_.front().epoch; }
  // nullopt for an epoch before the first one, or more than epoch_steps_max after it.
  std::optional<EpochKey> at(std::uint64_t epoch);

 private:
  std::mutex mutex_;
  std::vector<EpochKey> rungs_;  // guarded by mutex_; rung_epochs apart
  EpochKey latest_;              // guarded by mutex_; the one that was asked for last
};

}  // namespace portcullis::audit
