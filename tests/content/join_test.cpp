// A value that is split across elements, parts or messages is seen, and one that is whole is not
// spoilt by its neighbours: each run is joined with nothing and with a space.
#include <gmock/gmock.h>

#include "content/support.h"

namespace portcullis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> joined(std::string_view body) {
  const auto content = extract_at(chat_path, body);
  EXPECT_TRUE(content) << content.error().detail;
  return content ? values_of(*content, TextKind::joined) : std::vector<std::string>{"refused"};
}

TEST(Join, SiblingScalars) {
  EXPECT_THAT(joined(R"({"logit_bias":{"a":["5","3",6,true,"\u0037"]}})"),
              ElementsAre("5367", "5 3 6 7"));
  EXPECT_THAT(joined(R"({"stop":["ab","cd"]})"), ElementsAre("abcd", "ab cd"));
  EXPECT_THAT(joined(R"({"logit_bias":{"a":["5"],"b":[]}})"), IsEmpty());
  EXPECT_THAT(joined(arguments_body(R"("{\"a\":[\"1\",\"2\",[3,4]]}")")),
              ElementsAre("34", "3 4", "12", "1 2"));
}

TEST(Join, MeasurementsAreNotPartsOfAnIdentifier) {
  EXPECT_THAT(joined(R"({"logit_bias":{"a":[12,0.5,34,-1,56,1e3,78]}})"), IsEmpty());
  EXPECT_THAT(joined(R"({"logit_bias":{"a":[12,34,0.5,56,78,"-9"]}})"),
              ElementsAre("1234", "12 34", "5678-9", "56 78 -9"));
}

TEST(Join, SeamsSayWhereElementsMeet) {
  const auto content = extract_at(chat_path, R"({"logit_bias":{"a":["55",3,"6"]}})");
  ASSERT_TRUE(content);
  const Text* text = find_text(*content, "5536", TextKind::joined);
  ASSERT_NE(text, nullptr);
  EXPECT_THAT(text->seams, ElementsAre(2u, 3u));
  EXPECT_FALSE(text->redactable);
  EXPECT_EQ(text->raw, ByteRange{});
  EXPECT_EQ(text->pointer, "/logit_bias/*0/0");
  const Text* apart = find_text(*content, "55 3 6", TextKind::joined);
  ASSERT_EQ(apart, text + 1);
  EXPECT_THAT(apart->seams, ElementsAre(3u, 5u));
  EXPECT_EQ(apart->seam_bytes, 1);
  EXPECT_EQ(apart->pointer, text->pointer);
}

TEST(Join, PartsOfOneMessage) {
  EXPECT_THAT(joined(chat_body(R"([{"type":"text","text":"123-"},{"text":"45","type":"text"}])")),
              ElementsAre("123-45", "123- 45"));
}

TEST(Join, ConsecutiveMessagesOfOneRoleInWhateverMemberOrder) {
  EXPECT_THAT(
      joined(R"({"messages":[{"role":"user","content":"12"},{"content":"34","role":"user"},)"
             R"({"role":"assistant","content":"no"},{"role":"user","content":"5"},)"
             R"({"role":"user","content":[{"type":"text","text":"6"}]}]})"),
      ElementsAre("1234", "12 34", "56", "5 6"));
}

TEST(Join, ResponsesItems) {
  const auto content = extract_at(responses_path, R"({"input":[{"role":"user","content":"12"},
    {"role":"user","content":[{"type":"input_text","text":"3"},{"type":"input_text","text":"4"}]},
    {"type":"function_call_output","call_id":"c","output":"5"},
    {"type":"function_call_output","call_id":"c","output":"6"}]})");
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_THAT(values_of(*content, TextKind::joined), ElementsAre("1234", "12 3 4", "56", "5 6"));
}

TEST(Join, OfLongTextsOnlyTheEnds) {
  const std::string a = std::string(100'000, 'a') + "123-";
  const std::string b = "45-6789" + std::string(100'000, 'b') + "\xc3\xa9";
  const std::string c = "zz";
  const auto content =
      extract_at(chat_path, R"({"messages":[{"role":"user","content":")" + a +
                                R"("},{"role":"user","content":")" + b +
                                R"("},{"role":"user","content":")" + c + R"("}]})");
  ASSERT_TRUE(content);
  const auto texts = values_of(*content, TextKind::joined);
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_EQ(texts[0], a.substr(a.size() - 256) + b.substr(0, 256));
  EXPECT_EQ(texts[1], a.substr(a.size() - 256) + " " + b.substr(0, 256));
  EXPECT_EQ(texts[2].substr(texts[2].size() - 4), "\xc3\xa9zz");
  EXPECT_LE(texts[2].size(), 258u);
  const Text* first = find_text(*content, texts[0], TextKind::joined);
  EXPECT_THAT(first->seams, ElementsAre(256u));
}

TEST(Join, PaddingDoesNotFillTheEndsOfATextThatAreJoined) {
  for (const std::string& unit : {std::string("\\u200b"), std::string("\\u0001"),
                                  std::string("\u0301"), std::string("\U000e0041")}) {
    std::string padding;
    for (int i = 0; i < 2000; ++i) padding += unit;
    const auto parts = [](const std::string& a, const std::string& b) {
      return chat_body(R"([{"type":"text","text":")" + a + R"("},{"type":"text","text":")" + b +
                       R"("}])");
    };
    EXPECT_THAT(joined(parts("4111 1111" + padding, " 1111 1111")),
                ElementsAre("4111 1111 1111 1111", "4111 1111  1111 1111"));
    const std::string far(600, 'x');
    const auto texts = joined(parts(far + "4111" + padding, padding + "1111" + far));
    ASSERT_EQ(texts.size(), 2u);
    EXPECT_EQ(texts[0], far.substr(0, 252) + "41111111" + far.substr(0, 252));
  }
}

}  // namespace
}  // namespace portcullis::testing
