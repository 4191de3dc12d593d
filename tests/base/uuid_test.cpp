#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace portcullis {
namespace {

using namespace std::chrono_literals;

// RFC 9562 appendix A.6: 2022-02-22T19:22:22.000Z is 0x017F22E279B0.
TEST(UuidV7, BeginsWithTheTimeOfTheExampleInRfc9562) {
  const std::string id = uuid_v7(1645557742000ms);
  EXPECT_EQ(id.substr(0, 15), "017f22e2-79b0-7");
}

TEST(UuidV7, HasTheFormTheVersionAndTheVariant) {
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid_v7(1645557742000ms + i * 1ms);
    ASSERT_EQ(id.size(), 36u);
    for (std::size_t at = 0; at < id.size(); ++at) {
      const bool dash = at == 8 || at == 13 || at == 18 || at == 23;
      EXPECT_TRUE(dash ? id[at] == '-'
                       : std::string("0123456789abcdef").find(id[at]) != std::string::npos);
    }
    EXPECT_EQ(id[14], '7');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
  }
}

TEST(UuidV7, SortsByTimeAndNeverRepeats) {
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid_v7(1645557742000ms + i * 1ms);
    EXPECT_LT(last, id);
    EXPECT_TRUE(seen.insert(id).second);
    last = id;
  }
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(uuid_v7(1ms)).second);
}

}  // namespace
}  // namespace portcullis
