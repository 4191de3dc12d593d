#include <gmock/gmock.h>

#include "content/support.h"

namespace portcullis::testing {
namespace {

using ::testing::ElementsAre;

TEST(Extract, TextsOfASmallChat) {
  const auto content = extract_at(
      chat_path,
      R"({"model":"gpt-4o","messages":[{"role":"system","content":"Be kind."},)"
      R"({"role":"user","name":"jane","content":[{"type":"text","text":"caf\u00e9 \ud83d\ude00"}]}],)"
      R"("stream":true,"stream_options":{"include_usage":true},"logit_bias":{"ssn":"123"},"seed":42})");
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_THAT(content->models, ElementsAre("gpt-4o"));
  EXPECT_TRUE(content->stream);
  EXPECT_TRUE(content->stream_usage);
  EXPECT_THAT(values_of(*content, TextKind::string),
              ElementsAre("gpt-4o", "Be kind.", "jane", "caf\xc3\xa9 \xf0\x9f\x98\x80", "123"));
  EXPECT_THAT(values_of(*content, TextKind::member_name), ElementsAre("ssn"));
  EXPECT_THAT(values_of(*content, TextKind::number), ElementsAre("42"));

  const Text* said = find_text(*content, "caf\xc3\xa9 \xf0\x9f\x98\x80");
  EXPECT_EQ(said->pointer, "/messages/1/content/0/text");
  EXPECT_EQ(said->key, "text");
  EXPECT_EQ(said->escape_depth, 1);
  EXPECT_TRUE(said->redactable);
  EXPECT_EQ(raw_of(*content, *said), R"(caf\u00e9 \ud83d\ude00)");
  EXPECT_FALSE(find_text(*content, "jane")->redactable);
  EXPECT_EQ(find_text(*content, "123")->key, "ssn");
  EXPECT_EQ(find_text(*content, "123")->pointer, "/logit_bias/*0");
  EXPECT_EQ(find_text(*content, "42", TextKind::number)->escape_depth, 0);
}

TEST(Extract, RewritablePlaces) {
  const auto content = extract_at(chat_path, R"({"model":"m","messages":[
    {"role":"user","content":"a"},
    {"role":"assistant","refusal":"b","tool_calls":[{"id":"no1","type":"function",
     "function":{"name":"no2","arguments":"c"}}]},
    {"role":"tool","tool_call_id":"no3","content":"d"}],
    "tools":[{"type":"function","function":{"name":"no4","description":"e",
     "parameters":{"description":"no5"}}}],"stop":["no6"],"user":"no7","logit_bias":{"k":"no8"}})");
  ASSERT_TRUE(content) << content.error().detail;
  for (const std::string_view value : {"a", "b", "c", "d", "e"}) {
    ASSERT_NE(find_text(*content, value), nullptr) << value;
    EXPECT_TRUE(find_text(*content, value)->redactable) << value;
  }
  for (int i = 1; i <= 8; ++i) {
    const Text* text = find_text(*content, "no" + std::to_string(i));
    ASSERT_NE(text, nullptr) << i;
    EXPECT_FALSE(text->redactable) << i;
  }
}

TEST(Extract, StaysValidWhenMoved) {
  for (const std::string_view body : {R"({"user":"a"})", R"({"user":"\u0061"})"}) {
    auto content = extract_at(chat_path, body);
    ASSERT_TRUE(content);
    Content moved = std::move(*content);
    const Content again = std::move(moved);
    ASSERT_EQ(again.texts.size(), 1u);
    EXPECT_EQ(again.texts[0].value, "a");
    EXPECT_EQ(again.texts[0].key, "user");
  }
}

TEST(Extract, ForcedEdits) {
  struct {
    std::string_view path, body, sent;
  } const rows[] = {
      {chat_path, R"({"store":true})", R"({"store":false})"},
      {chat_path, R"({"store":null})", R"({"store":false})"},
      {chat_path, R"({"store":false})", R"({"store":false})"},
      {chat_path, R"({"user":"u"})", R"({"user":"u"})"},
      {responses_path, R"({})", R"({"store":false})"},
      {responses_path, R"( { "user" : "u" } )", R"( {"store":false, "user" : "u" } )"},
      {responses_path, R"({"background":true,"user":"u"})",
       R"({"store":false,"background":false,"user":"u"})"},
      {responses_path, R"({"background": true ,"store":null})",
       R"({"background": false ,"store":false})"},
      {responses_path, R"({"store":false,"background":false})",
       R"({"store":false,"background":false})"},
  };
  for (const auto& row : rows) {
    const auto content = extract_at(row.path, row.body);
    ASSERT_TRUE(content) << row.body;
    EXPECT_EQ(splice(*content, {}).value_or("refused"), row.sent);
  }
}

TEST(Extract, EndpointsWithoutABody) {
  const auto endpoint = find_endpoint("openai", "GET", "/v1/models/gpt-4o");
  ASSERT_TRUE(endpoint);
  const auto content = extract(*endpoint, "", {});
  ASSERT_TRUE(content);
  EXPECT_THAT(content->models, ElementsAre("gpt-4o"));
  EXPECT_EQ(extract(*endpoint, "{}", {}).error().reason, Reason::member_invalid);
}

TEST(Extract, DecodedBytesMax) {
  ContentOptions options;
  options.limits.decoded_bytes_max = 20;
  const auto content = extract_at(chat_path, chat_body("\"x\""), options);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().reason, Reason::decoded_too_large);
}

}  // namespace
}  // namespace portcullis::testing
