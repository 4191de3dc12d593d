#include "audit/strict_json.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "audit/record.h"
#include "base/encoding.h"

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
      "{\"a\":\"\\ud800\\ud800\"}",
      "{\"a\":\"\\udc00\"}",
      "{\"a\":\"\\x\"}",
      std::string("{\"a\":\"\\\0\"}", 9),
      "{\"a\":\"\xff\"}",
      "{\"a\":\"\\u0000\"}",
      "{\"\\u0000\":1}",
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
      "{\"a\":\"\\ud83d\\ude00 \xF0\x9F\x98\x80 \\u0001\"}",
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

// A reader that another project wrote, with the rules added that JSON itself does not have.
bool is_good_for_nlohmann(const std::string& text) {
  const bool control = std::any_of(text.begin(), text.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (control || !is_utf8(text)) return false;
  bool good = true;
  std::vector<std::set<std::string>> names;
  const auto judge = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (opens && depth >= 64) good = false;
    if (opens) names.emplace_back();
    if (event == Event::object_end || event == Event::array_end) names.pop_back();
    if (value.is_string()) good &= value.get<std::string>().find('\0') == std::string::npos;
    if (event == Event::key) good &= names.back().insert(value.get<std::string>()).second;
    if (event != Event::value) return true;
    if (value.is_null() || value.is_number_float()) good = false;
    if (value.is_number_unsigned()) good &= value.get<std::uint64_t>() <= integer_max;
    if (value.is_number_integer() && !value.is_number_unsigned()) {
      good &= value.get<std::int64_t>() >= -static_cast<std::int64_t>(integer_max);
    }
    return true;
  };
  return !nlohmann::json::parse(text, judge, false).is_discarded() && good;
}

TEST(StrictJson, AgreesWithAnotherReaderOnDamagedTexts) {
  const std::string seeds[] = {
      R"({"v":1,"id":"a","input":{"x":[1,-2,{"k":""}],"y":true},"decision":{"effect":"allow"}})",
      R"({"a\u0062":"\ud83d\ude00\n","ab2":[[],{}],"c":{"d":{"e":[false,0,10]}}})",
      "{\"\xc3\xa9\":\"\xe2\x82\xac\xf0\x9f\x98\x80 long enough for "
      "words\",\"b\":9007199254740991}",
  };
  constexpr std::string_view alphabet = "{}[]\",:\\u0129dade.-+ \x01\x7f\xc3\xa9\xed\xa0";
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return random() % n; };
  std::size_t good = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text = seeds[below(std::size(seeds))];
    for (std::size_t edits = below(3) + 1; edits > 0; --edits) {
      const std::size_t at = below(text.size());
      const std::size_t kind = below(3);
      if (kind == 0) text[at] = alphabet[below(alphabet.size())];
      if (kind == 1) text.erase(at, 1 + below(3));
      if (kind == 2) text.insert(at, text.substr(below(text.size()), 1 + below(6)));
    }
    const bool expected = is_good_for_nlohmann(text);
    good += expected ? 1 : 0;
    ASSERT_EQ(!check(text).has_value(), expected) << text << ": " << check(text).value_or("good");
  }
  EXPECT_GT(good, 500u);
}

// Members are good where the whole line is.
TEST(StrictJson, JudgesMembersAsItJudgesTheWholeLine) {
  const std::string seeds[] = {
      R"("id":"a","input":{"x":[1,-2,{"k":""}],"y":true},"decision":{"effect":"allow"})",
      R"("a":{"b":{"c":[false,0,10]}},"seqs":1,"ty":"x")",
  };
  constexpr std::string_view alphabet = "{}[]\",:seqtypemac012 ";
  std::mt19937 random(11);
  const auto below = [&](std::size_t n) { return random() % n; };
  JsonChecker checker;
  for (int round = 0; round < 60000; ++round) {
    std::string members = seeds[below(std::size(seeds))];
    for (std::size_t edits = below(3); edits > 0; --edits) {
      const std::size_t at = below(members.size());
      const std::size_t kind = below(4);
      if (kind == 0) members[at] = alphabet[below(alphabet.size())];
      if (kind == 1) members.erase(at, 1 + below(3));
      if (kind == 2) members.insert(at, members.substr(below(members.size()), 1 + below(6)));
      if (kind == 3)
        members.insert(below(2) == 0 ? 0 : members.size(), below(2) ? "}" : ",\"mac\":1");
    }
    if (members.empty()) continue;
    const std::string line =
        R"({"v":1,"stream":"","seq":0,"prev":"","batch":0,"epoch":0,"time":"",)"
        R"("salt":"","type":"change",)" +
        members + R"(,"leaf":"","mac":""})";
    RecordFacts facts, expected;
    const bool good = !check_strict_json(line, expected).has_value();
    ASSERT_EQ(!checker.check_members(members, facts).has_value(), good) << line;
    if (good) ASSERT_EQ(facts.id, expected.id);
    if (good) ASSERT_EQ(facts.effect, expected.effect);
  }
}

TEST(StrictJson, ComparesNamesAsTheyAreMeant) {
  EXPECT_TRUE(check(R"({"\u00e9":1,"\u00E9":2})").has_value());
  EXPECT_TRUE(check("{\"\\u20ac\":1,\"\xe2\x82\xac\":2}").has_value());
  EXPECT_TRUE(check("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}").has_value());
  EXPECT_TRUE(check(R"({"a\nb":1,"a\u000ab":2})").has_value());
  EXPECT_TRUE(check(R"({"a\/b":1,"a/b":2})").has_value());
  EXPECT_FALSE(check(R"({"a\\b":1,"ab":2,"a\"b":3})").has_value());
}

TEST(StrictJson, NeverReadsBeyondItsText) {
  const std::string text = R"({"id":"\u00e9","x":[1,true,{"y":-12}],"decision":{"effect":"deny"}})";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const std::vector<char> exact(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    RecordFacts facts;
    EXPECT_TRUE(check_strict_json({exact.data(), exact.size()}, facts).has_value()) << length;
  }
}

TEST(StrictJson, IsNotSlowOnManyMembers) {
  std::string text = "{\"x\":0";
  for (int i = 0; i < 100000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  EXPECT_FALSE(check(text + "}").has_value());
  EXPECT_TRUE(check(text + ",\"77777\":0}").has_value());
}

}  // namespace
}  // namespace portcullis::audit
