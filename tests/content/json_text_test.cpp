#include "content/json_text.h"

#include <gtest/gtest.h>

#include <random>

namespace portcullis {
namespace {

TEST(JsonText, Unescape) {
  struct {
    std::string_view raw, value;
  } const good[] = {
      {"", ""},
      {"plain", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0041\u00e9\u20AC)", "A\xc3\xa9\xe2\x82\xac"},
      {R"(\ud83d\ude00!)", "\xf0\x9f\x98\x80!"},
      {R"(\\u0041)", "\\u0041"},
  };
  for (const auto& row : good) EXPECT_EQ(unescape_json(row.raw), std::string(row.value)) << row.raw;
  for (const std::string_view bad : {"\\", "\\x", "\\u", "\\u123", "\\u12g4", "\\ud800", "\\ud800x",
                                     "\\ud800\\n", "\\ud800\\u0041", "\\udfff", "\\ud800\\ud800"}) {
    EXPECT_FALSE(unescape_json(bad)) << bad;
  }
}

TEST(JsonText, EscapeRoundTrip) {
  std::mt19937 random(7);
  for (int i = 0; i < 1000; ++i) {
    std::string text;
    for (std::size_t n = random() % 40; n > 0; --n) text += static_cast<char>(random() % 128);
    EXPECT_EQ(unescape_json(escape_json(text)), text);
  }
}

TEST(JsonText, AdvanceMapsEveryBoundaryAndNothingElse) {
  const std::string_view raw = R"(a\n\u00e9\ud83d\ude00z)";
  struct {
    std::size_t value, raw;
  } const rows[] = {{0, 0}, {1, 1}, {2, 3}, {4, 9}, {8, 21}, {9, 22}};
  JsonCursor running;
  for (const auto& row : rows) {
    JsonCursor cursor;
    EXPECT_TRUE(advance(raw, row.value, cursor));
    EXPECT_EQ(cursor.raw, row.raw);
    EXPECT_TRUE(advance(raw, row.value, running));
    EXPECT_EQ(running.raw, row.raw);
  }
  for (const std::size_t inside : {3u, 5u, 6u, 7u, 10u}) {
    JsonCursor cursor;
    EXPECT_FALSE(advance(raw, inside, cursor)) << inside;
  }
}

TEST(JsonText, Folding) {
  EXPECT_EQ(folded("StoRe_1"), "store_1");
  EXPECT_EQ(folded("\xc5\xbftore"), "store");
  EXPECT_EQ(folded("\xe2\x84\xaa"), "k");
  EXPECT_EQ(folded("\xc3\x89"), "\xc3\x89");
  EXPECT_EQ(folded("\xe2\x84"), "\xe2\x84");
  EXPECT_EQ(folded_hash("\xc5\xbfTORE"), folded_hash("store"));
  EXPECT_NE(folded_hash("store"), folded_hash("stored"));
}

TEST(JsonText, Numbers) {
  for (const std::string_view good : {"0", "-0", "10", "1.5", "1e5", "1E+05", "-1.25e-3"}) {
    EXPECT_TRUE(is_json_number(good)) << good;
  }
  for (const std::string_view bad : {"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1 ",
                                     "0x1", "1.5.5", "Infinity", "--1"}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
  }
}

}  // namespace
}  // namespace portcullis
