#include "config/units.h"

#include <gtest/gtest.h>

#include <string>

namespace portcullis {
namespace {

using std::chrono::milliseconds;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  EXPECT_EQ(parse_duration("1ms"), milliseconds(1));
  EXPECT_EQ(parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
  EXPECT_EQ(parse_duration("7d"), milliseconds(604'800'000));
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(parse_bytes("0B"), 0u);
  EXPECT_EQ(parse_bytes("1B"), 1u);
  EXPECT_EQ(parse_bytes("64KiB"), 65536u);
  EXPECT_EQ(parse_bytes("16MiB"), 16u << 20);
  EXPECT_EQ(parse_bytes("8GiB"), 8ull << 30);
}

TEST(Units, RefusesEverythingElse) {
  for (const std::string_view wrong :
       {"", "5", "s", "-5s", "+5s", "05s", "5.5s", "5 s", "5s ", " 5s", "5S", "5sec", "5w", "1e3s",
        "9223372036854775808s", "9223372036854775807d", "99999999999999999999ms", "5ss"}) {
    EXPECT_FALSE(parse_duration(wrong)) << wrong;
  }
  for (const std::string_view wrong :
       {"", "5", "5K", "5KB", "5kib", "5MB", "5 MiB", "-1B", "01B", "9223372036854775807KiB"}) {
    EXPECT_FALSE(parse_bytes(wrong)) << wrong;
  }
}

TEST(Units, WritesTheShortestExactForm) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0ms");
  EXPECT_EQ(format_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(milliseconds(75'000)), "75s");
  EXPECT_EQ(format_duration(milliseconds(86'400'000)), "1d");
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1000), "1000B");
  EXPECT_EQ(format_bytes(16u << 20), "16MiB");
}

TEST(Units, ReadsWhatItWrites) {
  for (std::int64_t value = 1; value < 1'000'000'000'000; value = value * 7 + 3) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds(value))), milliseconds(value));
    const auto bytes = static_cast<std::uint64_t>(value);
    EXPECT_EQ(parse_bytes(format_bytes(bytes)), bytes);
  }
}

}  // namespace
}  // namespace portcullis
