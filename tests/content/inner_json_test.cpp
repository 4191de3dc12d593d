// JSON inside strings: its strings, names and numbers are texts too.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "content/support.h"

namespace portcullis::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

std::string json_string(std::string_view text) { return nlohmann::json(std::string(text)).dump(); }

TEST(InnerJson, ToolArguments) {
  const auto content = extract_at(
      chat_path, arguments_body(R"("{\"na\\u006de\":\"J\\u0061ne\",\"ssn\":[123,\"x\\\"y\"]}")"));
  ASSERT_TRUE(content) << content.error().detail;
  const Text* name = find_text(*content, "Jane");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(raw_of(*content, *name), R"(J\\u0061ne)");
  EXPECT_EQ(name->escape_depth, 2);
  EXPECT_EQ(name->key, "name");
  EXPECT_TRUE(name->redactable);
  EXPECT_EQ(name->pointer, "/messages/0/tool_calls/0/function/arguments/*0");
  const Text* number = find_text(*content, "123", TextKind::number);
  ASSERT_NE(number, nullptr);
  EXPECT_EQ(number->escape_depth, 1);
  EXPECT_FALSE(number->redactable);
  EXPECT_EQ(raw_of(*content, *number), "123");
  EXPECT_EQ(raw_of(*content, *find_text(*content, "x\"y")), R"(x\\\"y)");
  EXPECT_THAT(values_of(*content, TextKind::member_name), ElementsAre("name", "ssn"));
}

TEST(InnerJson, AnyStringAndUpToThreeLevels) {
  const std::string level3 = R"(["deep","[\"too deep\"]"])";
  const std::string level2 = "{\"c\":" + json_string(level3) + "}";
  const std::string level1 = " {\"b\":" + json_string(level2) + "} ";
  const auto content = extract_at(chat_path, chat_body(json_string(level1)));
  ASSERT_TRUE(content);
  const Text* deep = find_text(*content, "deep");
  ASSERT_NE(deep, nullptr);
  EXPECT_EQ(deep->escape_depth, 4);
  EXPECT_EQ(raw_of(*content, *deep), "deep");
  EXPECT_TRUE(deep->redactable);
  EXPECT_NE(find_text(*content, R"(["too deep"])"), nullptr);
  EXPECT_EQ(find_text(*content, "too deep"), nullptr);
}

TEST(InnerJson, WhatIsNotJsonIsJustText) {
  for (const std::string_view text : {"[note] see [1]", "{\"a\":1", "{\"a\":1}}", "{\"a\":tru}",
                                      "{a}", "[1,]", "{\"a\":\"\\x\"}", "[1] [2]"}) {
    const auto content = extract_at(chat_path, chat_body(json_string(text)));
    ASSERT_TRUE(content) << text;
    EXPECT_EQ(content->texts.size(), 2u) << text;  // the model and the text
    EXPECT_TRUE(extract_at(chat_path, arguments_body(json_string(text)))) << text;
  }
}

TEST(InnerJson, AmbiguousArgumentsAreRefused) {
  struct {
    std::string arguments;
    Reason reason;
  } const rows[] = {
      {R"({"a":1,"A":2})", Reason::duplicate_member},
      {R"({"a":{"b":1,"\u0062":2}})", Reason::duplicate_member},
      {"{\"a\":" + json_string(R"({"b":1,"b":2})") + "}", Reason::duplicate_member},
      {std::string(100, '[') + std::string(100, ']'), Reason::nesting_too_deep},
  };
  for (const auto& row : rows) {
    const auto content = extract_at(chat_path, arguments_body(json_string(row.arguments)));
    ASSERT_FALSE(content) << row.arguments;
    EXPECT_EQ(content.error().reason, row.reason);
    const auto as_text = extract_at(chat_path, chat_body(json_string(row.arguments)));
    EXPECT_TRUE(as_text) << row.arguments;
  }
}

TEST(InnerJson, DuplicatesInProseAreAllScanned) {
  const auto content = extract_at(chat_path, chat_body(json_string(R"({"a":"one","a":"two"})")));
  ASSERT_TRUE(content);
  EXPECT_THAT(values_of(*content, TextKind::string), Contains("one"));
  EXPECT_THAT(values_of(*content, TextKind::string), Contains("two"));
}

TEST(InnerJson, TextsMaxCountsInside) {
  ContentOptions options;
  options.limits.texts_max = 50;
  std::string list = "[";
  for (int i = 0; i < 100; ++i) list += "1,";
  const auto content = extract_at(chat_path, chat_body(json_string(list + "1]")), options);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().reason, Reason::too_many_texts);
}

TEST(InnerJson, ManySmallDocumentsTakeLinearTime) {
  std::string list = "[";
  for (int i = 0; i < 20000; ++i) list += R"("{\"a\":\"[1,2]\"}",)";
  const auto content = extract_at(chat_path, arguments_body(json_string(list + "0]")));
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_GT(content->texts.size(), 100000u);
}

}  // namespace
}  // namespace portcullis::testing
