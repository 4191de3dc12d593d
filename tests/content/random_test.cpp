// Properties on random bodies, with fixed seeds.
#include <nlohmann/json.hpp>
#include <random>

#include "content/json_text.h"
#include "content/support.h"

namespace portcullis::testing {
namespace {

using nlohmann::json;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  std::string word() {
    static constexpr std::string_view pieces[] = {"a",
                                                  "Zz",
                                                  "12",
                                                  "\"",
                                                  "\\",
                                                  "/",
                                                  "\n",
                                                  "\x01",
                                                  "\xc3\xa9",
                                                  "\xe2\x82\xac",
                                                  "\xf0\x9f\x98\x80",
                                                  " ",
                                                  "{",
                                                  "]",
                                                  "\\u0041"};
    std::string out;
    for (std::size_t n = below(8); n > 0; --n) out += pieces[below(std::size(pieces))];
    return out;
  }

  json value(int depth) {
    switch (below(depth > 3 ? 4 : 7)) {
      case 0:
        return word();
      case 1:
        return static_cast<int>(below(100000)) - 50000;
      case 2:
        return below(2) == 0;
      case 3:
        return nullptr;
      case 4:
        return value(depth + 1).dump(-1, ' ', below(2) == 0);
      case 5: {
        json list = json::array();
        for (std::size_t n = below(5); n > 0; --n) list.push_back(value(depth + 1));
        return list;
      }
    }
    return object(depth);
  }

  json object(int depth) {
    json out = json::object();
    for (std::size_t n = below(5); n > 0; --n) {
      out[word() + "_" + std::to_string(n)] = value(depth + 1);
    }
    return out;
  }

  json body() {
    json messages = json::array();
    for (std::size_t n = 1 + below(4); n > 0; --n) {
      json message = {{"role", below(2) == 0 ? "user" : "assistant"}, {"content", word()}};
      if (below(2) == 0) {
        message["tool_calls"] = {
            {{"type", "function"},
             {"function", {{"name", "f"}, {"arguments", object(0).dump(-1, ' ', true)}}}}};
      }
      messages.push_back(message);
    }
    return {{"model", "m"}, {"messages", messages}, {"logit_bias", object(0)}};
  }

 private:
  std::mt19937 random_;
};

std::string unescaped(std::string raw, int times) {
  for (int i = 0; i < times; ++i) raw = unescape_json(raw).value_or("\xff not well-formed");
  return raw;
}

TEST(Random, EveryRangeHoldsItsValue) {
  Generator generator(20260802);
  std::size_t checked = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string body =
        generator.body().dump(generator.below(2) == 0 ? -1 : 1, ' ', generator.below(2) == 0);
    const auto content = extract_at(chat_path, body);
    ASSERT_TRUE(content) << body << content.error().detail;
    for (const Text& text : content->texts) {
      if (text.kind == TextKind::joined) continue;
      EXPECT_EQ(unescaped(raw_of(*content, text), text.escape_depth), text.value) << body;
      ++checked;
    }
  }
  EXPECT_GT(checked, 50000u);
}

// Collects what a full reader finds, to see that nothing is left out.
void collect(const json& value, std::vector<std::string>& out) {
  if (value.is_string()) {
    out.push_back(value.get<std::string>());
  } else if (value.is_structured()) {
    for (const auto& [key, child] : value.items()) collect(child, out);
  }
}

TEST(Random, NoStringIsLeftOut) {
  Generator generator(20260803);
  for (int round = 0; round < 1000; ++round) {
    const json body = generator.body();
    const auto content = extract_at(chat_path, body.dump());
    ASSERT_TRUE(content);
    std::vector<std::string> all;
    collect(body, all);
    for (const std::string& value : all) {
      const bool ours = value == "user" || value == "assistant" || value == "function";
      if (value.empty() || ours) continue;
      EXPECT_NE(find_text(*content, value), nullptr) << value << "\n" << body;
    }
  }
}

TEST(Random, SplicingChangesTheReplacedTextsOnly) {
  Generator generator(20260804);
  std::size_t spliced_count = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto content = extract_at(chat_path, generator.body().dump());
    ASSERT_TRUE(content);
    const auto index = static_cast<std::uint32_t>(generator.below(content->texts.size()));
    const Text& text = content->texts[index];
    const bool structured = index + 1 < content->texts.size() &&
                            content->texts[index + 1].raw.begin >= text.raw.begin &&
                            content->texts[index + 1].raw.end <= text.raw.end;
    if (!text.redactable || structured) continue;
    const Replacement all{index, 0, static_cast<std::uint32_t>(text.value.size()), "<\"\\>"};
    const auto spliced = splice(*content, std::span(&all, 1));
    ASSERT_TRUE(spliced) << content->body;
    const auto again = extract_at(chat_path, *spliced);
    ASSERT_TRUE(again) << *spliced;
    ASSERT_EQ(again->texts.size(), content->texts.size()) << *spliced;
    EXPECT_EQ(again->texts[index].value, "<\"\\>");
    for (std::size_t i = 0; i < content->texts.size(); ++i) {
      const Text& other = content->texts[i];
      const bool holds_it = other.raw.begin <= text.raw.begin && text.raw.end <= other.raw.end;
      if (holds_it || other.kind == TextKind::joined) continue;
      EXPECT_EQ(again->texts[i].value, other.value);
    }
    ++spliced_count;
  }
  EXPECT_GT(spliced_count, 500u);
}

}  // namespace
}  // namespace portcullis::testing
