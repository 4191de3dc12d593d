#include "audit/inbox.h"

#include <iterator>
#include <utility>

namespace portcullis::audit {
namespace {

constexpr std::size_t waiting_bytes_max = 256u << 20;

}  // namespace

bool Answers::stage(Committed&& answer) {
  staged_.push_back(std::move(answer));
  return staged_.size() == 1;
}

void Answers::publish() {
  const std::lock_guard lock(mutex_);
  if (answers_.empty()) {
    answers_.swap(staged_);
  } else {
    answers_.insert(answers_.end(), std::make_move_iterator(staged_.begin()),
                    std::make_move_iterator(staged_.end()));
    staged_.clear();
  }
  if (wake_) wake_();
}

void Answers::refuse(std::uint64_t ticket, Reason reason) {
  const std::lock_guard lock(mutex_);
  answers_.push_back({ticket, std::nullopt, std::nullopt, reason});
  if (wake_) wake_();
}

std::vector<Committed> Answers::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

void Answers::detach() {
  const std::lock_guard lock(mutex_);
  wake_ = nullptr;
}

bool Inbox::put(Pending&& pending) {
  const std::size_t bytes = pending.draft.members().size();
  const std::lock_guard lock(mutex_);
  if (closed_ || waiting_.size() >= records_max_ || bytes_ + bytes > waiting_bytes_max)
    return false;
  bytes_ += bytes;
  waiting_.push_back(std::move(pending));
  return true;
}

void Inbox::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() || !std::exchange(idle_, false)) return;
  }
  arrived_.notify_one();
}

bool Inbox::drain(std::vector<Pending>& out, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (waiting_.empty() && !closed_ && !nudged_) {
    idle_ = true;
    arrived_.wait_for(lock, patience, [&] { return !waiting_.empty() || closed_ || nudged_; });
    idle_ = false;
  }
  nudged_ = false;
  out.clear();
  std::swap(out, waiting_);
  bytes_ = 0;
  return !out.empty() || !closed_;
}

bool Inbox::is_writer_asleep() {
  const std::lock_guard lock(mutex_);
  return idle_;
}

void Inbox::nudge() {
  {
    const std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  arrived_.notify_one();
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_one();
}

}  // namespace portcullis::audit
