#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "base/yaml.h"

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class YamlRead : public testing::Test {
 protected:
  YamlNode value_of(std::string_view text) {
    const std::string document = "k: " + std::string(text) + "\n";
    return *parse_yaml(document, diagnostics_).find("k");
  }
  std::vector<std::string> errors() {
    std::vector<std::string> out;
    for (const Diagnostic& diagnostic : diagnostics_.take()) out.push_back(diagnostic.text());
    return out;
  }
  Diagnostics diagnostics_{"f"};
};

TEST_F(YamlRead, StringsAreAnyScalarVerbatim) {
  EXPECT_EQ(read_string(value_of("007"), diagnostics_), "007");
  EXPECT_EQ(read_string(value_of("'a b'"), diagnostics_), "a b");
  EXPECT_EQ(read_string(value_of("''"), diagnostics_), "");
  EXPECT_THAT(errors(), IsEmpty());
  EXPECT_EQ(read_string(value_of("[a]"), diagnostics_), std::nullopt);
  EXPECT_EQ(read_string(value_of("{a: 1}"), diagnostics_), std::nullopt);
  EXPECT_EQ(read_string(value_of(""), diagnostics_), std::nullopt);
  EXPECT_THAT(errors(), ElementsAre("f:1:4: expected a string, found a sequence",
                                    "f:1:4: expected a string, found a mapping",
                                    "f:1:1: expected a string, found nothing"));
}

TEST_F(YamlRead, BooleansAreTrueAndFalseOnly) {
  EXPECT_EQ(read_bool(value_of("true"), diagnostics_), true);
  EXPECT_EQ(read_bool(value_of("false"), diagnostics_), false);
  EXPECT_THAT(errors(), IsEmpty());
  for (const std::string_view wrong :
       {"yes", "no", "on", "True", "TRUE", "1", "0", "'true'", "", "[]"}) {
    EXPECT_EQ(read_bool(value_of(wrong), diagnostics_), std::nullopt) << wrong;
    EXPECT_EQ(errors().size(), 1u) << wrong;
    diagnostics_ = Diagnostics("f");
  }
}

TEST_F(YamlRead, IntegersAreCanonicalAndInRange) {
  EXPECT_EQ(read_integer(value_of("-5"), -5, 10, diagnostics_), -5);
  EXPECT_EQ(read_integer(value_of("10"), -5, 10, diagnostics_), 10);
  EXPECT_EQ(read_integer(value_of("0"), -5, 10, diagnostics_), 0);
  EXPECT_EQ(read_integer(value_of("9223372036854775807"), 0, INT64_MAX, diagnostics_), INT64_MAX);
  EXPECT_THAT(errors(), IsEmpty());
  for (const std::string_view wrong :
       {"010", "0x1f", "0o7", "1_000", "+1", "1.0", "1e3", "'1'", "11", "-6", "--", "", "[1]",
        "9223372036854775808", "99999999999999999999999999", "1 2", "-01"}) {
    diagnostics_ = Diagnostics("f");
    EXPECT_EQ(read_integer(value_of(wrong), -5, 10, diagnostics_), std::nullopt) << wrong;
    EXPECT_EQ(errors().size(), 1u) << wrong;
  }
  diagnostics_ = Diagnostics("f");
  read_integer(value_of("11"), -5, 10, diagnostics_);
  EXPECT_THAT(errors(), ElementsAre("f:1:4: expected an integer from -5 to 10, found \"11\""));
}

TEST_F(YamlRead, StringsAreASequenceAndEachWrongItemIsReported) {
  EXPECT_THAT(*read_strings(value_of("[a, 'b', 3]"), diagnostics_), ElementsAre("a", "b", "3"));
  EXPECT_THAT(*read_strings(value_of("[]"), diagnostics_), IsEmpty());
  EXPECT_EQ(read_strings(value_of("a"), diagnostics_), std::nullopt);
  EXPECT_EQ(read_strings(value_of("[a, [b], {c: 1}]"), diagnostics_), std::nullopt);
  EXPECT_THAT(errors(), ElementsAre("f:1:4: expected a sequence of strings, found \"a\"",
                                    "f:1:8: expected a string, found a sequence",
                                    "f:1:13: expected a string, found a mapping"));
}

TEST_F(YamlRead, UnknownKeysAreNamedWithTheNearest) {
  const YamlNode root = parse_yaml("adress: 1\nport: 2\nzzzzzzz: 3\nPort: 4\n", diagnostics_);
  refuse_unknown_keys(root, {"address", "port"}, diagnostics_);
  EXPECT_THAT(errors(), ElementsAre("f:1:1: unknown key \"adress\", did you mean \"address\"?",
                                    "f:3:1: unknown key \"zzzzzzz\"",
                                    "f:4:1: unknown key \"Port\", did you mean \"port\"?"));
}

TEST_F(YamlRead, KeysOfSomethingElseThanAMappingAreRefused) {
  refuse_unknown_keys(value_of("[a]"), {"a"}, diagnostics_);
  refuse_unknown_keys(value_of("text"), {"a"}, diagnostics_);
  EXPECT_THAT(errors(), ElementsAre("f:1:4: expected a mapping, found a sequence",
                                    "f:1:4: expected a mapping, found \"text\""));
}

TEST(Nearest, StaysWithinTwoEditsAndPrefersTheNearer) {
  EXPECT_EQ(nearest("header_timeot", {"body_timeout", "header_timeout"}), "header_timeout");
  EXPECT_EQ(nearest("abcd", {"abxy", "abcx"}), "abcx");
  EXPECT_EQ(nearest("abcdef", {"uvwxyz"}), "");
  EXPECT_EQ(nearest("abcdefgh", {"abcde"}), "");
  EXPECT_EQ(nearest("x", {"id"}), "") << "two edits turn any short word into another";
  EXPECT_EQ(nearest("", {"address"}), "");
  EXPECT_EQ(nearest(std::string(1u << 20, 'a'), {"address"}), "");
}

TEST(QuoteForMessage, ShortensAtACharacterAndHidesControls) {
  EXPECT_EQ(quote_for_message("a\nb\x7f"), "\"a?b?\"");
  EXPECT_EQ(quote_for_message(""), "\"\"");
  EXPECT_EQ(quote_for_message(std::string(60, 'x')), '"' + std::string(60, 'x') + '"');
  EXPECT_EQ(quote_for_message(std::string(61, 'x')), '"' + std::string(60, 'x') + "...\"");
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    for (int i = 0; i < 40; ++i) text += "\xF0\x9F\x98\x80";
    EXPECT_TRUE(is_utf8(quote_for_message(text))) << shift;
  }
}

TEST(Diagnostic, NamesFileLineAndColumn) {
  EXPECT_EQ((Diagnostic{"a.yaml", {3, 7}, "wrong"}.text()), "a.yaml:3:7: wrong");
  EXPECT_EQ((Diagnostic{"a.yaml", {}, "wrong"}.text()), "a.yaml: wrong");
  EXPECT_EQ((Diagnostic{"a.yaml", {1, 1}, "odd", true}.text()), "a.yaml:1:1: warning: odd");
}

}  // namespace
}  // namespace portcullis
