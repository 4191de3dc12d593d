#include "base/clock.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace portcullis {
namespace {

using namespace std::chrono_literals;

std::string formatted(WallNanos time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

TEST(Rfc3339, HasNineDigitsAlways) {
  EXPECT_EQ(formatted(0ns), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(formatted(1ns), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(formatted(1795362241s), "2026-11-22T15:44:01.000000000Z");
  EXPECT_EQ(formatted(1795362241s + 123456789ns), "2026-11-22T15:44:01.123456789Z");
  EXPECT_EQ(formatted(951782400s - 1ns), "2000-02-28T23:59:59.999999999Z");
  EXPECT_EQ(formatted(951782400s), "2000-02-29T00:00:00.000000000Z");
  EXPECT_EQ(formatted(-1ns), "1969-12-31T23:59:59.999999999Z");
}

TEST(Rfc3339, SecondsHaveNoFraction) {
  EXPECT_EQ(rfc3339_seconds(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_seconds(1795362241), "2026-11-22T15:44:01Z");
  EXPECT_EQ(rfc3339_seconds(4107542399), "2100-02-28T23:59:59Z");
  EXPECT_EQ(rfc3339_seconds(4107542400), "2100-03-01T00:00:00Z") << "2100 is no leap year";
}

// A token may carry any number as a time.
TEST(Rfc3339, StaysWithinFourDigitsOfYear) {
  EXPECT_EQ(rfc3339_seconds(253402300799), "9999-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339_seconds(253402300800), "9999-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339_seconds(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(rfc3339_seconds(-62167219200), "0000-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_seconds(std::numeric_limits<std::int64_t>::min()), "0000-01-01T00:00:00Z");
}

TEST(Rfc3339, SortsAsTextWhenItSortsAsTime) {
  std::string last;
  for (std::int64_t second = 0; second < 4'000'000'000; second += 86'399'000) {
    const std::string text = rfc3339_seconds(second);
    EXPECT_LT(last, text);
    last = text;
  }
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock(100s);
  EXPECT_EQ(clock.wall_seconds(), 100);
  EXPECT_EQ(clock.monotonic(), 0ns);
  clock.advance(5s);
  EXPECT_EQ(clock.wall(), 105s);
  EXPECT_EQ(clock.monotonic(), 5s);
  clock.step_wall(-50s);
  EXPECT_EQ(clock.wall(), 55s);
  EXPECT_EQ(clock.monotonic(), 5s) << "a step of the wall clock is no time that passed";
}

TEST(RealClock, NeverGoesBackAndIsAfterThisWasWritten) {
  const RealClock clock;
  const auto before = clock.monotonic();
  EXPECT_GE(clock.monotonic(), before);
  EXPECT_GT(clock.wall_seconds(), 1'750'000'000);
}

}  // namespace
}  // namespace portcullis
