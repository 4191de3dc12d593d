#include "base/clock.h"

#include <algorithm>
#include <ctime>

namespace portcullis {
namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void append_digits(std::string& out, std::int64_t value, int width) {
  char digits[20];
  for (int i = width; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

// The years that four digits can write; a token may carry any number as a time.
constexpr std::int64_t seconds_min = -62167219200;
constexpr std::int64_t seconds_max = 253402300799;

void append_date_time(std::string& out, std::int64_t seconds) {
  const std::chrono::sys_seconds time{
      std::chrono::seconds(std::clamp(seconds, seconds_min, seconds_max))};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::int64_t of_day = (time - day).count();
  append_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, of_day / 3600, 2);
  out += ':';
  append_digits(out, of_day / 60 % 60, 2);
  out += ':';
  append_digits(out, of_day % 60, 2);
}

}  // namespace

WallNanos RealClock::wall() const { return read_clock(CLOCK_REALTIME); }
MonotonicNanos RealClock::monotonic() const { return read_clock(CLOCK_MONOTONIC); }

void append_rfc3339(std::string& out, WallNanos time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  append_date_time(out, seconds.count());
  out += '.';
  append_digits(out, (time - seconds).count(), 9);
  out += 'Z';
}

std::string rfc3339_seconds(std::int64_t seconds) {
  std::string out;
  append_date_time(out, seconds);
  out += 'Z';
  return out;
}

}  // namespace portcullis
