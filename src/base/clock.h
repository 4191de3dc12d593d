// Time as a dependency: the wall clock for people and validity, the monotonic clock for durations.
//
// Thread-safety: RealClock from any thread; FakeClock is for tests and is safe from any thread too.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace portcullis {

using WallNanos = std::chrono::nanoseconds;       // since 1970-01-01T00:00:00Z
using MonotonicNanos = std::chrono::nanoseconds;  // since an arbitrary start

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallNanos wall() const = 0;
  virtual MonotonicNanos monotonic() const = 0;
  std::int64_t wall_seconds() const {
    return std::chrono::duration_cast<std::chrono::seconds>(wall()).count();
  }
};

class RealClock final : public Clock {
 public:
  WallNanos wall() const override;
  MonotonicNanos monotonic() const override;
};

// Stands still until it is told to move.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(WallNanos start) : wall_(start.count()) {}
  WallNanos wall() const override { return WallNanos(wall_.load()); }
  MonotonicNanos monotonic() const override { return MonotonicNanos(monotonic_.load()); }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by.count();
    monotonic_ += by.count();
  }
  void step_wall(std::chrono::nanoseconds by) { wall_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_;
  std::atomic<std::int64_t> monotonic_{0};
};

// RFC 3339, UTC, always nine fractional digits and Z: "2026-11-22T15:44:01.000000000Z".
void append_rfc3339(std::string& out, WallNanos time);
// The same without a fraction; beyond the years 0000 to 9999, the nearest second within.
std::string rfc3339_seconds(std::int64_t seconds);

}  // namespace portcullis
