// Our check digits against an independent implementation (python-stdnum): see make_oracle.py.
#include <fstream>
#include <map>
#include <sstream>

#include "classify/support.h"
#include "classify/validators.h"

namespace portcullis::classify {
namespace {

TEST(Oracle, AgreesOnEveryValue) {
  std::ifstream file(PORTCULLIS_TESTDATA "/classify/oracle.tsv");
  ASSERT_TRUE(file.good());
  std::map<std::string, int> valid_by_name;
  std::string name, value;
  int expected = 0;
  while (file >> name >> value >> expected) {
    const Validator valid = find_validator(name);
    ASSERT_NE(valid, nullptr) << name;
    EXPECT_EQ(valid(value), expected == 1) << name << " " << value;
    valid_by_name[name] += expected;
  }
  EXPECT_EQ(valid_by_name.size(), 10u);
  for (const auto& [type, count] : valid_by_name) EXPECT_GE(count, 60) << type;
}

}  // namespace
}  // namespace portcullis::classify
