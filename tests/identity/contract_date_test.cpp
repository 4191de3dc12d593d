#include "identity/contract_date.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(ContractDate, ADateIncludesItsLastDay) {
  EXPECT_EQ(parse_contract_end("1970-01-01"), 86400);
  EXPECT_EQ(parse_contract_end("2026-12-31"), 1798761600);  // 2027-01-01T00:00:00Z
  EXPECT_EQ(parse_contract_end("2028-02-29"), 1835481600);
  EXPECT_EQ(parse_contract_end("9999-12-31"), 253402300800);
}

TEST(ContractDate, AMomentIsExact) {
  EXPECT_EQ(parse_contract_end("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_contract_end("2026-12-31T17:00:00Z"), 1798736400);
  EXPECT_EQ(parse_contract_end("2026-12-31T17:00:00+01:00"), 1798732800);
  EXPECT_EQ(parse_contract_end("2026-12-31T17:00:00-05:30"), 1798756200);
  EXPECT_EQ(parse_contract_end("2026-12-31T23:59:59Z"), 1798761599);
}

TEST(ContractDate, NothingElseIsADate) {
  for (const char* bad : {"",
                          "2026",
                          "2026-12",
                          "2026-12-3",
                          "2026-12-311",
                          "2026-13-01",
                          "2026-00-01",
                          "2026-01-00",
                          "2026-02-29",
                          "2026-04-31",
                          "1969-12-31",
                          "0000-01-01",
                          "2026/12/31",
                          "31-12-2026",
                          " 2026-12-31",
                          "2026-12-31 ",
                          "2026-12-31T",
                          "2026-12-31T17:00",
                          "2026-12-31T17:00:00",
                          "2026-12-31 17:00:00Z",
                          "2026-12-31t17:00:00Z",
                          "2026-12-31T24:00:00Z",
                          "2026-12-31T23:60:00Z",
                          "2026-12-31T23:59:60Z",
                          "2026-12-31T17:00:00z",
                          "2026-12-31T17:00:00.5Z",
                          "2026-12-31T17:00:00+1:00",
                          "2026-12-31T17:00:00+24:00",
                          "2026-12-31T17:00:00+01:00Z",
                          "2026-12-31T17:00:00 01:00",
                          "-2026-12-31"}) {
    EXPECT_EQ(parse_contract_end(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace portcullis
