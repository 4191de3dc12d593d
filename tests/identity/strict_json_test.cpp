#include "identity/strict_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace portcullis {
namespace {

using nlohmann::json;

TEST(StrictJson, ReadsWhatNlohmannReads) {
  const std::string text = R"( {"a":[1,-2,3.5,true,null,"x\u00e9"],"b":{"c":{},"d":[]},"e":""} )";
  const auto value = parse_strict_object(text);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, json::parse(text));
}

TEST(StrictJson, RefusesWhatCouldBeReadInTwoWays) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"a":1,"a":1})", "a member twice"},
      {R"({"a":1,"\u0061":2})", "a member twice"},
      {R"({"b":{"a":1,"a":2}})", "a member twice"},
      {R"({"b":[{"a":1,"a":2}]})", "a member twice"},
      {std::string("{\"a\":1}\0", 8), "NUL"},
      {std::string("{\"a\":\"\0\"}", 9), "NUL"},
      {"\xEF\xBB\xBF{}", "byte order mark"},
      {"{} {}", "a syntax error"},
      {"{}x", "a syntax error"},
      {"{\"a\":\"\xFF\"}", "a syntax error"},
      {"{\"a\":\"\xED\xA0\x80\"}", "a syntax error"},
      {R"({"a":"\ud800"})", "a syntax error"},
      {R"({"a":NaN})", "a syntax error"},
      {R"({"a":01})", "a syntax error"},
      {R"({"a":1e999})", "a syntax error"},
      {"{'a':1}", "a syntax error"},
      {"{\"a\":1,}", "a syntax error"},
      {"/**/{}", "a syntax error"},
      {"", "a syntax error"},
      {"{", "a syntax error"},
      {"[]", "not a JSON object"},
      {"\"a\"", "not a JSON object"},
      {"null", "not a JSON object"},
  };
  for (const auto& [text, problem] : cases) {
    const auto value = parse_strict_object(text);
    ASSERT_FALSE(value) << text;
    EXPECT_NE(value.error().message.find(problem), std::string::npos)
        << text << ": " << value.error().message;
  }
}

TEST(StrictJson, TheSameNameInTwoObjectsIsNoDuplicate) {
  EXPECT_TRUE(parse_strict_object(R"({"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":2}]})"));
}

std::string nested(int levels) {
  return R"({"a":)" + std::string(static_cast<std::size_t>(levels - 1), '[') +
         std::string(static_cast<std::size_t>(levels - 1), ']') + "}";
}

TEST(StrictJson, BoundsDepth) {
  EXPECT_TRUE(parse_strict_object(nested(json_depth_max)));
  EXPECT_FALSE(parse_strict_object(nested(json_depth_max + 1)));
  EXPECT_FALSE(parse_strict_object(nested(1'000'000)));
}

TEST(StrictJson, BoundsTheNumberOfValues) {
  const auto with = [](std::size_t scalars) {
    std::string out = R"({"a":[0)";
    for (std::size_t i = 1; i < scalars; ++i) out += ",0";
    return out + "]}";
  };
  EXPECT_TRUE(parse_strict_object(with(json_values_max - 2)));
  EXPECT_FALSE(parse_strict_object(with(json_values_max - 1)));
}

TEST(StrictJson, ADateIsAnIntegerInRange) {
  const auto date = [](const std::string& value) {
    return read_date(*parse_strict_object("{\"exp\":" + value + "}"), "exp");
  };
  EXPECT_EQ(date("0").value, 0);
  EXPECT_EQ(date("1800000000").value, 1800000000);
  EXPECT_EQ(date("253402300799").value, json_date_max);
  for (const char* bad :
       {"253402300800", "-1", "1.5", "1800000000.0", "1e9", "1800000000000000000000", "\"1\"",
        "null", "true", "[]", "9223372036854775808", "18446744073709551615"}) {
    EXPECT_TRUE(date(bad).present) << bad;
    EXPECT_FALSE(date(bad).value) << bad;
  }
  EXPECT_FALSE(read_date(json::object(), "exp").present);
}

TEST(StrictJson, AnIdentifierIsShortAndPrintable) {
  EXPECT_TRUE(is_identifier("a"));
  EXPECT_TRUE(is_identifier(std::string(512, 'a')));
  EXPECT_TRUE(is_identifier("\xC3\xA9"));
  for (const std::string& bad : {std::string(), std::string(513, 'a'), std::string("a\nb"),
                                 std::string("a\0b", 3), std::string("\x7F")}) {
    EXPECT_FALSE(is_identifier(bad));
  }
}

}  // namespace
}  // namespace portcullis
