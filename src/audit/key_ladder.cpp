#include "audit/key_ladder.h"

namespace portcullis::audit {
namespace {

constexpr std::uint64_t rung_epochs = 1024;

}  // namespace

std::optional<EpochKey> KeyLadder::at(std::uint64_t epoch) {
  if (epoch < first_epoch() || epoch - first_epoch() > epoch_steps_max) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const std::uint64_t rung = (epoch - first_epoch()) / rung_epochs;
  while (rungs_.size() <= rung) {
    EpochKey key = rungs_.back();
    for (std::uint64_t i = 0; i < rung_epochs; ++i) key = next_epoch(key);
    rungs_.push_back(key);
  }
  if (latest_.epoch > epoch || latest_.epoch < rungs_[rung].epoch) latest_ = rungs_[rung];
  while (latest_.epoch < epoch) latest_ = next_epoch(latest_);
  return latest_;
}

}  // namespace portcullis::audit
