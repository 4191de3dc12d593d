#include "policy/timestamp.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace portcullis::policy {
namespace {

TEST(Timestamp, ReadsWholeSecondsInUtc) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_timestamp("2000-02-29T23:59:59Z"), 951868799);
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59Z"), 253402300799);
  for (std::int64_t t = 0; t < 4'000'000'000; t += 86'399'999) {
    EXPECT_EQ(parse_timestamp(rfc3339_seconds(t)), t);
  }
}

TEST(Timestamp, RefusesEverythingElse) {
  for (const char* text :
       {"", "2027-01-01", "2027-01-01T00:00:00", "2027-01-01T00:00:00+01:00",
        "2027-01-01t00:00:00z", "2027-01-01 00:00:00Z", "2027-02-29T00:00:00Z",
        "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-01-00T00:00:00Z",
        "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z", "2027-01-01T00:00:60Z",
        "1969-12-31T23:59:59Z", "2027-01-01T00:00:00.5Z", "+027-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace portcullis::policy
