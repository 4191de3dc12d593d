#include "base/json_out.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace portcullis {
namespace {

std::string as_json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonString, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(as_json(""), R"("")");
  EXPECT_EQ(as_json("plain /text/ <>&'"), R"("plain /text/ <>&'")");
  EXPECT_EQ(as_json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(as_json("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(as_json("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\"");
  EXPECT_EQ(as_json(std::string_view("a\0b", 3)), R"("a\u0000b")");
  EXPECT_EQ(as_json("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

TEST(JsonString, EscapesEveryControlCharacter) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string out = as_json(std::string(1, static_cast<char>(c)));
    EXPECT_EQ(out[1], '\\') << c;
    EXPECT_TRUE(out.size() == 4 || out.size() == 8) << c;
  }
}

// Eight bytes are looked at together: each byte, at each place among them, between bytes that are
// next to those that need an escape.
TEST(JsonString, EscapesEachByteWhereverItStands) {
  for (int value = 0; value < 256; ++value) {
    const std::string alone = as_json(std::string(1, static_cast<char>(value)));
    const std::string escaped = alone.substr(1, alone.size() - 2);
    const bool must = value < 0x20 || value == '"' || value == '\\';
    ASSERT_EQ(escaped.size() > 1, must) << value;
    for (std::size_t at = 0; at < 20; ++at) {
      for (const char around : {' ', '!', '#', '[', ']', '\x7f', '\x80', '\xff'}) {
        std::string text(20, around);
        text[at] = static_cast<char>(value);
        const std::string expected =
            '"' + std::string(at, around) + escaped + std::string(19 - at, around) + '"';
        ASSERT_EQ(as_json(text), expected) << value << " at " << at;
      }
    }
  }
}

TEST(JsonWriter, PutsCommasExactlyBetweenValues) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.string("a", "x").integer("b", -1).boolean("c", true);
  json.name("d").begin_array().end_array();
  json.name("e").begin_array().integer(1).integer(2);
  json.begin_object().end_object();
  json.begin_object().boolean("f", false).end_object();
  json.end_array();
  json.name("g").begin_object().end_object();
  json.name("h").raw("null").name("i").hex(std::array<std::uint8_t, 2>{0x0f, 0xf0});
  json.end_object();
  EXPECT_EQ(
      out,
      R"({"a":"x","b":-1,"c":true,"d":[],"e":[1,2,{},{"f":false}],"g":{},"h":null,"i":"0ff0"})");
}

TEST(JsonWriter, WritesTheLimitsOfIntegers) {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.integer(std::numeric_limits<std::int64_t>::min());
  json.integer(std::numeric_limits<std::int64_t>::max());
  json.end_array();
  EXPECT_EQ(out, "[-9223372036854775808,9223372036854775807]");
}

TEST(JsonWriter, WritesListsOfStringsAndEscapesNames) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.name_of("a\"").strings(std::vector<std::string>{"x", "y\n"});
  json.name("none").strings({});
  json.end_object();
  EXPECT_EQ(out, R"({"a\"":["x","y\n"],"none":[]})");
}

TEST(JsonWriter, AppendsBehindWhatIsThere) {
  std::string out = "data: ";
  JsonWriter json(out);
  json.begin_array().end_array();
  EXPECT_EQ(out, "data: []");
}

}  // namespace
}  // namespace portcullis
