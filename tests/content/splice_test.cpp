// Redaction changes exactly the bytes that it must.
#include <nlohmann/json.hpp>

#include "content/support.h"

namespace portcullis::testing {
namespace {

std::string json_string(std::string_view text) { return nlohmann::json(std::string(text)).dump(); }

// Replaces `what`, found in the text `value`.
OrDenial<std::string> replace(const Content& content, std::string_view value, std::string_view what,
                              std::string_view with) {
  const Text* text = find_text(content, value);
  if (text == nullptr) return deny(Reason::internal, "no such text");
  const auto at = static_cast<std::uint32_t>(value.find(what));
  const Replacement replacement{index_of(content, text), at,
                                at + static_cast<std::uint32_t>(what.size()), std::string(with)};
  return splice(content, std::span(&replacement, 1));
}

TEST(Splice, Verbatim) {
  const auto content = extract_at(chat_path, chat_body(R"("my ssn is 123-45-6789 ok")"));
  ASSERT_TRUE(content);
  EXPECT_EQ(replace(*content, "my ssn is 123-45-6789 ok", "123-45-6789", "[US_SSN]").value_or("?"),
            chat_body(R"("my ssn is [US_SSN] ok")"));
}

TEST(Splice, ThroughEscapesAndEscapingWhatIsPutIn) {
  const auto content = extract_at(chat_path, chat_body(R"("\u00e9\ud83d\ude00 1\u00323\n")"));
  ASSERT_TRUE(content);
  EXPECT_EQ(replace(*content, "\xc3\xa9\xf0\x9f\x98\x80 123\n", "123", "\"\\\n").value_or("?"),
            chat_body(R"("\u00e9\ud83d\ude00 \"\\\u000a\n")"));
}

TEST(Splice, NotInTheMiddleOfACharacter) {
  for (const std::string_view body : {R"("\u00e9x")", "\"\xc3\xa9x\""}) {
    const auto content = extract_at(chat_path, chat_body(body));
    ASSERT_TRUE(content);
    const auto index = index_of(*content, find_text(*content, "\xc3\xa9x"));
    const Replacement replacement{index, 1, 3, ""};
    const auto spliced = splice(*content, std::span(&replacement, 1));
    ASSERT_FALSE(spliced) << body;
    EXPECT_EQ(spliced.error().reason, Reason::unredactable);
  }
}

TEST(Splice, InnerJsonFromEitherText) {
  const std::string arguments = R"({"ssn":"123-45-6789","n":"x"})";
  const std::string wanted = R"({"ssn":"\"q\"","n":"x"})";
  const auto content = extract_at(chat_path, arguments_body(json_string(arguments)));
  ASSERT_TRUE(content);
  for (const std::string_view value :
       {std::string_view(arguments), std::string_view("123-45-6789")}) {
    const auto spliced = replace(*content, value, "123-45-6789", "\"q\"");
    ASSERT_TRUE(spliced) << value;
    EXPECT_EQ(*spliced, arguments_body(json_string(wanted)));
  }
}

TEST(Splice, TheSameBytesAreReplacedOnce) {
  const std::string arguments = R"({"ssn":"id 123-45-6789"})";
  const auto content = extract_at(chat_path, arguments_body(json_string(arguments)));
  ASSERT_TRUE(content);
  const auto outer = index_of(*content, find_text(*content, arguments));
  const auto inner = index_of(*content, find_text(*content, "id 123-45-6789"));
  const auto at = static_cast<std::uint32_t>(arguments.find("123"));
  const std::vector<Replacement> same = {{outer, at, at + 11, "[A]"}, {inner, 3, 14, "[A]"}};
  EXPECT_EQ(splice(*content, same).value_or("?"),
            arguments_body(json_string(R"({"ssn":"id [A]"})")));
  const std::vector<Replacement> longer = {{outer, at, at + 11, "[A]"}, {inner, 0, 14, "[B]"}};
  EXPECT_EQ(splice(*content, longer).value_or("?"),
            arguments_body(json_string(R"({"ssn":"[B]"})")));
  const std::vector<Replacement> crossed = {{outer, at, at + 11, "[A]"}, {inner, 0, 5, "[B]"}};
  EXPECT_EQ(splice(*content, crossed).value_or("?"),
            arguments_body(json_string(R"({"ssn":"[B]"})")));
}

TEST(Splice, TheStructureOfInnerJsonIsNeverTouched) {
  const std::string nested = R"({"c":"deep"})";
  const std::string arguments =
      R"({"a":"one","b":"two","n":12345,"key":0,"in":)" + json_string(nested) + "}";
  const auto content = extract_at(chat_path, arguments_body(json_string(arguments)));
  ASSERT_TRUE(content);
  for (const std::string_view what :
       {"one\",\"b\":\"two", "\"one\"", "12345", "key", ":", "{", "c", "deep\\\"}", "{\\\"c"}) {
    const auto spliced = replace(*content, arguments, what, "[X]");
    ASSERT_FALSE(spliced) << what;
    EXPECT_EQ(spliced.error().reason, Reason::unredactable);
    EXPECT_EQ(spliced.error().pointer, "/messages/0/tool_calls/0/function/arguments");
  }
  EXPECT_FALSE(replace(*content, nested, "\"c\"", "x"));
  EXPECT_TRUE(replace(*content, arguments, "one", "[X]"));
  EXPECT_TRUE(replace(*content, arguments, "deep", "[X]"));
  EXPECT_TRUE(replace(*content, nested, "deep", "[X]"));
}

TEST(Splice, WhatTheSurfaceDoesNotNameIsUnredactable) {
  const auto content = extract_at(
      chat_path, R"({"user":"jane","logit_bias":{"ssn":"x"},"seed":12,"stop":["a","b"]})");
  ASSERT_TRUE(content);
  for (std::uint32_t i = 0; i < content->texts.size() + 1; ++i) {
    const Replacement replacement{i, 0, 1, "x"};
    const auto spliced = splice(*content, std::span(&replacement, 1));
    ASSERT_FALSE(spliced) << i;
    EXPECT_EQ(spliced.error().reason, Reason::unredactable);
  }
}

TEST(Splice, OutOfRange) {
  const auto content = extract_at(chat_path, chat_body(R"("abc")"));
  ASSERT_TRUE(content);
  const auto index = index_of(*content, find_text(*content, "abc"));
  for (const auto& [begin, end] : {std::pair{0u, 4u}, std::pair{2u, 1u}, std::pair{9u, 9u}}) {
    const Replacement replacement{index, begin, end, ""};
    EXPECT_FALSE(splice(*content, std::span(&replacement, 1)));
  }
}

TEST(Splice, TogetherWithForcedEdits) {
  const auto content = extract_at(responses_path, R"({"input":"a 1 b 2","background":true})");
  ASSERT_TRUE(content);
  const auto index = index_of(*content, find_text(*content, "a 1 b 2"));
  const std::vector<Replacement> both = {{index, 2, 3, "[X]"}, {index, 6, 7, "[Y]"}};
  EXPECT_EQ(splice(*content, both).value_or("?"),
            R"({"store":false,"input":"a [X] b [Y]","background":false})");
}

TEST(Splice, ManyReplacementsTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "\\u0031x";
  const auto content = extract_at(chat_path, chat_body("\"" + text + "\""));
  ASSERT_TRUE(content);
  std::vector<Replacement> all;
  for (std::uint32_t i = 0; i < 100'000; ++i) all.push_back({1, 2 * i, 2 * i + 1, "[N]"});
  const auto spliced = splice(*content, all);
  ASSERT_TRUE(spliced);
  EXPECT_EQ(spliced->find("u0031"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::testing
