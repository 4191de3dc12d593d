// What is not exactly one well-formed, unambiguous JSON object is refused.
#include <nlohmann/json.hpp>
#include <random>

#include "content/support.h"

namespace portcullis::testing {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct RefusalRow {
  std::string body;
  Reason reason;
};

std::vector<RefusalRow> refusal_rows() {
  using std::string;
  return {
      {"", Reason::json_invalid},
      {" ", Reason::json_invalid},
      {"[]", Reason::member_invalid},
      {"\"x\"", Reason::member_invalid},
      {"{\"model\":\"m\"} {}", Reason::json_invalid},
      {"{\"model\":\"m\"}x", Reason::json_invalid},
      {"{\"model\":\"m\"}}", Reason::json_invalid},
      {string("{\"model\":\"m\"}\0", 14), Reason::json_invalid},
      {string("{\"model\":\"m\0\"}", 14), Reason::json_invalid},
      {"\xef\xbb\xbf{\"model\":\"m\"}", Reason::json_invalid},
      {"{\"model\":\"m\",}", Reason::json_invalid},
      {"{,\"model\":\"m\"}", Reason::json_invalid},
      {"{\"model\" \"m\"}", Reason::json_invalid},
      {"{\"model\":}", Reason::json_invalid},
      {"{\"model\":\"m\":\"n\"}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":\"b\":{}}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":[\"b\":1]}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":1:2}}", Reason::json_invalid},
      {"{\"model\":\"m\" \"n\":1}", Reason::json_invalid},
      {"{\"model\":\"m\"", Reason::json_invalid},
      {"{\"model\":\"m", Reason::json_invalid},
      {"{model:\"m\"}", Reason::json_invalid},
      {"{'model':'m'}", Reason::json_invalid},
      {"{\"n\":01}", Reason::json_invalid},
      {"{\"n\":1.}", Reason::json_invalid},
      {"{\"n\":+1}", Reason::json_invalid},
      {"{\"n\":.5}", Reason::json_invalid},
      {"{\"n\":1e}", Reason::json_invalid},
      {"{\"n\":0x1}", Reason::json_invalid},
      {"{\"n\":NaN}", Reason::json_invalid},
      {"{\"n\":-}", Reason::json_invalid},
      {"{\"n\":1 2}", Reason::json_invalid},
      {"{\"stream\":tru}", Reason::json_invalid},
      {"{\"stream\":truex}", Reason::json_invalid},
      {"{\"stream\":True}", Reason::json_invalid},
      {"{\"user\":nul}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":falsey}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":[1,]}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":[1 2]}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":[1}}", Reason::json_invalid},
      {"{\"logit_bias\":{\"a\":[1}]}", Reason::json_invalid},
      {"{\"user\":\"a\nb\"}", Reason::json_invalid},
      {"{\"user\":\"\\x41\"}", Reason::utf8_invalid},
      {"{\"user\":\"\\u12\"}", Reason::utf8_invalid},
      {"{\"user\":\"\\ud800\"}", Reason::utf8_invalid},
      {"{\"user\":\"\\ud800\\u0041\"}", Reason::utf8_invalid},
      {"{\"user\":\"\\udc00\"}", Reason::utf8_invalid},
      {"{\"user\":\"\xff\"}", Reason::utf8_invalid},
      {"{\"user\":\"\xc0\x80\"}", Reason::utf8_invalid},
      {"{\"user\":\"\xed\xa0\x80\"}", Reason::utf8_invalid},
      {"{\"model\":\"m\",\"model\":\"n\"}", Reason::duplicate_member},
      {"{\"model\":\"m\",\"mod\\u0065l\":\"n\"}", Reason::duplicate_member},
      {"{\"logit_bias\":{\"a\":1,\"A\":2}}", Reason::duplicate_member},
      {"{\"logit_bias\":{\"k\":1,\"\\u212a\":2}}", Reason::duplicate_member},
      {"{\"logit_bias\":{\"x\":{\"s\":1,\"\\u017f\":2}}}", Reason::duplicate_member},
      {"{\"logit_bias\":" + repeat("[", 10000) + repeat("]", 10000) + "}",
       Reason::nesting_too_deep},
      {"{\"logit_bias\":{\"a\":" + repeat("[", 10000) + repeat("]", 10000) + "}}",
       Reason::nesting_too_deep},
      {"{\"logit_bias\":{\"a\":" + repeat("{\"a\":", 10000) + "1" + repeat("}", 10000) + "}}",
       Reason::nesting_too_deep},
      {"{\"logit_bias\":{\"a\":" + repeat("[", 100000), Reason::json_invalid},
  };
}

TEST(StrictJson, Refusals) {
  const std::vector<RefusalRow> rows = refusal_rows();
  for (const auto& row : rows) {
    const auto content = extract_at(chat_path, row.body);
    ASSERT_FALSE(content) << row.body.substr(0, 80);
    if (row.body.starts_with("{\"logit_bias\":[")) continue;  // the wrong type, whichever is first
    EXPECT_EQ(reason_code(content.error().reason), reason_code(row.reason))
        << row.body.substr(0, 80);
  }
}

TEST(StrictJson, ManyMembersAreComparedWithoutQuadraticWork) {
  std::string body = R"({"logit_bias":{)";
  for (int i = 0; i < 60000; ++i) body += "\"k" + std::to_string(i) + "\":1,";
  const std::string good = body + "\"z\":1}}";
  const std::string bad = body + "\"K777\":1}}";
  EXPECT_TRUE(extract_at(chat_path, good));
  const auto content = extract_at(chat_path, bad);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().reason, Reason::duplicate_member);
  EXPECT_EQ(content.error().pointer, "/logit_bias");
}

TEST(StrictJson, DepthMaxIsExact) {
  ContentOptions options;
  options.limits.depth_max = 5;
  // body, logit_bias, three arrays
  EXPECT_TRUE(extract_at(chat_path, R"({"logit_bias":{"a":[[[1]]]}})", options));
  const auto content = extract_at(chat_path, R"({"logit_bias":{"a":[[[[1]]]]}})", options);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().reason, Reason::nesting_too_deep);
  EXPECT_NE(content.error().detail.find("content.depth_max"), std::string::npos);
}

TEST(StrictJson, TextsMax) {
  ContentOptions options;
  options.limits.texts_max = 10;
  std::string body = R"({"logit_bias":{"a":[)";
  for (int i = 0; i < 20; ++i) body += "1,";
  const auto content = extract_at(chat_path, body + "1]}}", options);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().reason, Reason::too_many_texts);
}

// Whatever passes must be JSON to another strict reader too: mutations of a good body.
TEST(StrictJson, AcceptsOnlyWhatAnotherStrictReaderAccepts) {
  const std::string good =
      R"({"model":"m","logit_bias":{"a":[1,-2.5e3,true,null,"x\u0041\n"],"b":{"c":{}}},"n":[]})";
  ContentOptions options;
  options.scan_unknown_members = true;
  const std::string_view alphabet = "{}[]:,\"\\ 01.-+eEtrufalsn\n\x01\x80xu";
  std::mt19937 random(20260801);
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string body = good;
    body.replace(body.find("\"n\":[]"), 6, "\"n\":1");
    const std::size_t changes = 1 + random() % 3;
    for (std::size_t i = 0; i < changes; ++i) {
      const std::size_t at = random() % body.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0:
          body[at] = c;
          break;
        case 1:
          body.insert(at, 1, c);
          break;
        case 2:
          body.erase(at, 1);
          break;
      }
    }
    if (!extract_at(chat_path, body, options)) continue;
    ++accepted;
    EXPECT_TRUE(nlohmann::json::accept(body)) << body;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace portcullis::testing
