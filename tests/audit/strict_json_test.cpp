#include "audit/strict_json.h"

#include <gtest/gtest.h>

namespace portcullis::audit {
namespace {

std::optional<std::string> check(const std::string& text) {
  RecordFacts facts;
  return check_strict_json(text, facts);
}

TEST(StrictJson, RefusesWhatTwoReadersCouldReadDifferently) {
  const std::string bad[] = {
      "",
      "{",
      "{}x",
      "{\"a\":1.5}",
      "{\"a\":1e2}",
      "{\"a\":-0.0}",
      "{\"a\":null}",
      "{\"a\":9007199254740992}",
      "{\"a\":-9007199254740992}",
      "{\"a\":99999999999999999999999999}",
      "{\"a\":1,\"a\":1}",
      "{\"a\":1,\"b\":2,\"\\u0061\":3}",
      "{\"x\":{\"a\":1,\"a\":1}}",
      "{\"a\":\"\\ud800\"}",
      "{\"a\":\"\xff\"}",
      std::string("{\"a\":1}\0{\"b\":2}", 15),
      "{\"a\":\n1}",
      "{\"a\":01}",
      "{\"a\":NaN}",
      "{'a':1}",
      "{\"a\":1,}",
      "// comment",
      std::string(65, '[') + std::string(65, ']'),
  };
  for (const std::string& text : bad) EXPECT_TRUE(check(text).has_value()) << text;
}

TEST(StrictJson, AcceptsTheRest) {
  const std::string good[] = {
      "{}",
      "{\"a\":9007199254740991,\"b\":-9007199254740991,\"c\":[true,false,\"\"]}",
      "{\"a\":{\"a\":{\"a\":0}}}",
      "{\"a\":[{\"b\":1},{\"b\":2}]}",
      "{\"a\":\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \\u0000\"}",
      std::string(64, '[') + std::string(64, ']'),
  };
  for (const std::string& text : good) {
    EXPECT_FALSE(check(text).has_value()) << text << ": " << check(text).value_or("");
  }
}

TEST(StrictJson, FindsIdAndEffectOnlyAtTheirPlace) {
  RecordFacts facts;
  ASSERT_FALSE(check_strict_json(
      R"({"id":"one","input":{"id":"two","decision":{"effect":"allow"},"effect":"allow"},)"
      R"("decision":{"rules":["effect","allow"],"x":{"effect":"allow"},"effect":"deny"}})",
      facts));
  EXPECT_EQ(facts.id, "one");
  EXPECT_EQ(facts.effect, Effect::deny);
  RecordFacts none;
  ASSERT_FALSE(check_strict_json(R"({"decision":12,"effect":"allow"})", none));
  EXPECT_FALSE(none.effect.has_value());
}

TEST(StrictJson, IsNotSlowOnManyMembers) {
  std::string text = "{\"x\":0";
  for (int i = 0; i < 100000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  EXPECT_FALSE(check(text + "}").has_value());
  EXPECT_TRUE(check(text + ",\"77777\":0}").has_value());
}

}  // namespace
}  // namespace portcullis::audit
