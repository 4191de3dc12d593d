// How much memory the bodies of exchanges may take: all together, and those of one person.
//
// A body costs more than its bytes: the parser's tape, the texts, the copy to send. A lease
// therefore counts memory_factor bytes for each byte that is held. Thread-safety: MemoryBudget from
// any thread, a MemoryLease is confined to its exchange. Lifetime: the budget must outlive its
// leases.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace portcullis {

inline constexpr std::size_t memory_factor =
    8;  // measured: simdjson alone allocates 5.7 times a body

class MemoryBudget {
 public:
  struct Limits {
    std::uint64_t all = 0;
    std::uint64_t per_subject = 0;
  };
  explicit MemoryBudget(const Limits& limits) : limits_(limits) {}

  bool take(std::uint64_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= limits_.all) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes); }

  // The same within one person's share, which does not come off the whole.
  bool take_for(const std::string& subject, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = subjects_.find(subject);
    const std::uint64_t used = found == subjects_.end() ? 0 : found->second;
    if (bytes > limits_.per_subject || used > limits_.per_subject - bytes) return false;
    subjects_[subject] = used + bytes;
    return true;
  }
  void give_back_for(const std::string& subject, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = subjects_.find(subject);
    if ((found->second -= bytes) == 0) subjects_.erase(found);
  }

 private:
  const Limits limits_;
  std::atomic<std::uint64_t> used_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> subjects_;  // who holds any; guarded by mutex_
};

class MemoryLease {
 public:
  // What an exchange holds below this is not looked up in its person's share: a body of 8 KiB. As
  // many of them as there may be connections are a small part of any budget.
  static constexpr std::uint64_t counted_from = 64u << 10;

  explicit MemoryLease(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryLease() { hold(0); }
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;

  // Whose share it counts against from the next hold() on. To be called once.
  void charge_to(std::string subject) { subject_ = std::move(subject); }

  // Makes the lease exactly this large. False: there is no room; what was held stays held.
  bool hold(std::uint64_t bytes) {
    const std::uint64_t counted = subject_.empty() || bytes < counted_from ? 0 : bytes;
    if (counted > counted_ && !budget_.take_for(subject_, counted - counted_)) {
      return refuse("limits.memory_per_subject_max");
    }
    if (bytes > held_ && !budget_.take(bytes - held_)) {
      if (counted > counted_) budget_.give_back_for(subject_, counted - counted_);
      return refuse("limits.memory_max");
    }
    if (counted < counted_) budget_.give_back_for(subject_, counted_ - counted);
    if (bytes < held_) budget_.give_back(held_ - bytes);
    held_ = bytes;
    counted_ = counted;
    return true;
  }
  // The configuration key of the limit that the last refusal hit.
  std::string_view refused_by() const { return refused_by_; }

 private:
  bool refuse(std::string_view key) {
    refused_by_ = key;
    return false;
  }

  MemoryBudget& budget_;
  std::string subject_;  // empty: nobody's share
  std::uint64_t held_ = 0;
  std::uint64_t counted_ = 0;  // of it, in the share
  std::string_view refused_by_;
};

}  // namespace portcullis
