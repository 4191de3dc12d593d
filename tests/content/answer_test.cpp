#include <gtest/gtest.h>

#include "content/content.h"

namespace portcullis {
namespace {

AnswerFacts read(std::string_view json) {
  AnswerFacts facts;
  read_answer("openai", json, facts);
  return facts;
}

TEST(ReadAnswer, Shapes) {
  struct {
    std::string_view json, model;
    std::optional<std::int64_t> input, output;
  } const rows[] = {
      {R"({"id":"x","model":"m","choices":[{"message":{"model":"no","usage":{"prompt_tokens":9}}}],)"
       R"("usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,)"
       R"("prompt_tokens_details":{"prompt_tokens":99}}})",
       "m", 3, 4},
      {R"({"model":"m","usage":{"input_tokens":5,"output_tokens":6}})", "m", 5, 6},
      {R"({"type":"response.completed","response":{"model":"r","usage":{"input_tokens":1,)"
       R"("output_tokens":2}}})",
       "r", 1, 2},
      {R"({"model":"m","usage":null,"choices":[]})", "m", {}, {}},
      {R"({"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}})", "e", 8, {}},
      {R"({"model":null,"usage":[]})", "", {}, {}},
      {R"({"model":5,"usage":{"prompt_tokens":"3","completion_tokens":-1}})", "", {}, {}},
      {"[DONE]", "", {}, {}},
      {"", "", {}, {}},
      {R"({"model":"m")", "", {}, {}},
      {R"({"response":{"response":{"model":"no"}}})", "", {}, {}},
  };
  for (const auto& row : rows) {
    const AnswerFacts facts = read(row.json);
    EXPECT_EQ(facts.model, row.model) << row.json;
    EXPECT_EQ(facts.input_tokens, row.input) << row.json;
    EXPECT_EQ(facts.output_tokens, row.output) << row.json;
  }
}

TEST(ReadAnswer, AStreamAccumulates) {
  AnswerFacts facts;
  read_answer("openai", R"({"model":"m","choices":[{"delta":{"content":"x"}}]})", facts);
  read_answer("openai",
              R"({"model":"m","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})",
              facts);
  read_answer("openai", R"({"usage":{"prompt_tokens":7)", facts);
  EXPECT_EQ(facts.model, "m");
  EXPECT_EQ(facts.input_tokens, 1);
  EXPECT_EQ(facts.output_tokens, 2);
}

TEST(ReadAnswer, OversizedModelAndOtherSurfaces) {
  EXPECT_EQ(read(R"({"model":")" + std::string(300, 'm') + R"("})").model, "");
  EXPECT_EQ(read(R"({"pad":")" + std::string(2'000'000, 'm') + R"(","model":"m"})").model, "m");
  AnswerFacts facts;
  read_answer("other", R"({"model":"m"})", facts);
  EXPECT_EQ(facts.model, "");
}

TEST(EventType, IsTheEventsOwn) {
  struct {
    std::string_view json, type;
  } const rows[] = {
      {R"({"type":"response.completed","response":{"type":"no"}})", "response.completed"},
      {R"({"response":{"type":"no"},"type" : "response.completed"})", "response.completed"},
      {R"({"delta":"response.completed"})", ""},
      {R"({"response":{"type":"no"}})", ""},
      {R"({"type":5})", ""},
      {R"(["type"])", ""},
      {R"("type")", ""},
      {"[DONE]", ""},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(event_type(row.json), row.type) << row.json;
}

}  // namespace
}  // namespace portcullis
