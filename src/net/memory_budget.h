// How much memory the bodies of exchanges may take: each by itself, and all together.
//
// A body costs more than its bytes: the parser's tape, the texts, the copy to send. A lease
// therefore counts memory_factor bytes for each byte that is held. Thread-safety: MemoryBudget from
// any thread, a MemoryLease is confined to its exchange. Lifetime: the budget must outlive its
// leases.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace portcullis {

inline constexpr std::size_t memory_factor =
    8;  // measured: simdjson alone allocates 5.7 times a body

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  bool take(std::uint64_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= bytes_max_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) { used_.fetch_sub(bytes); }

 private:
  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_{0};
};

class MemoryLease {
 public:
  explicit MemoryLease(MemoryBudget& budget) : budget_(budget) {}
  ~MemoryLease() { budget_.give_back(held_); }
  MemoryLease(const MemoryLease&) = delete;
  MemoryLease& operator=(const MemoryLease&) = delete;

  // Makes the lease exactly this large. False: the budget has no room; what was held stays held.
  bool hold(std::uint64_t bytes) {
    if (bytes > held_ && !budget_.take(bytes - held_)) return false;
    if (bytes < held_) budget_.give_back(held_ - bytes);
    held_ = bytes;
    return true;
  }

 private:
  MemoryBudget& budget_;
  std::uint64_t held_ = 0;
};

}  // namespace portcullis
