#include "base/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace portcullis {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> texts(const Diagnostics& diagnostics) {
  std::vector<std::string> out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out.push_back(diagnostic.text());
  return out;
}

std::vector<std::string> errors_of(std::string_view text, const YamlLimits& limits = {}) {
  Diagnostics diagnostics("f.yaml");
  parse_yaml(text, diagnostics, limits);
  return texts(diagnostics);
}

YamlNode parsed(std::string_view text) {
  Diagnostics diagnostics("f.yaml");
  YamlNode node = parse_yaml(text, diagnostics);
  EXPECT_THAT(texts(diagnostics), IsEmpty()) << text;
  return node;
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += unit;
  return out;
}

std::string at(const YamlNode* node) {
  if (node == nullptr) return "absent";
  return std::to_string(node->position.line) + ":" + std::to_string(node->position.column);
}

TEST(Yaml, KeepsScalarsAsTextWithTheirPlaces) {
  const YamlNode root = parsed(
      "octal: 010\n"
      "no: no\n"
      "float: 1.10\n"
      "quoted: 'true'\n"
      "list: [a, \"b\",\n"
      "  c]\n"
      "block: |\n"
      "  one\n"
      "  two\n"
      "deep:\n"
      "  - x: {y: z}\n");
  EXPECT_EQ(root.find("octal")->text, "010");
  EXPECT_EQ(root.find("no")->text, "no");
  EXPECT_EQ(root.find("float")->text, "1.10");
  EXPECT_FALSE(root.find("float")->quoted);
  EXPECT_TRUE(root.find("quoted")->quoted);
  EXPECT_EQ(at(root.find("quoted")), "4:9");
  EXPECT_EQ(at(&root.find("list")->items.at(2)), "6:3");
  EXPECT_EQ(root.find("block")->text, "one\ntwo\n");
  EXPECT_TRUE(root.find("block")->quoted);
  EXPECT_EQ(at(root.find("deep")->items.at(0).find("x")->find("y")), "11:12");
  EXPECT_EQ(root.find("absent"), nullptr);
  EXPECT_EQ(root.find("octal")->find("x"), nullptr);
}

TEST(Yaml, KeepsTheOrderOfKeys) {
  const YamlNode root = parsed("z: 1\na: 2\nm: 3\n");
  ASSERT_EQ(root.pairs.size(), 3u);
  EXPECT_EQ(root.pairs[0].key.text + root.pairs[1].key.text + root.pairs[2].key.text, "zam");
}

TEST(Yaml, AnAbsentValueStandsWhereItsKeyDoes) {
  const YamlNode root = parsed("a:\nb: null\nc: ~\nd: 1\n");
  for (const auto& [key, place] :
       {std::pair{"a", "1:1"}, std::pair{"b", "2:1"}, std::pair{"c", "3:1"}}) {
    ASSERT_NE(root.find(key), nullptr);
    EXPECT_EQ(root.find(key)->kind, YamlNode::Kind::null);
    EXPECT_EQ(at(root.find(key)), place);
  }
}

TEST(Yaml, AcceptsOneDocumentWithItsMarks) {
  EXPECT_EQ(parsed("---\na: 1\n...\n").find("a")->text, "1");
  EXPECT_EQ(parsed("a: 1\r\nb: 2\r\n").find("b")->text, "2");
  EXPECT_EQ(parsed("").kind, YamlNode::Kind::null);
  EXPECT_EQ(parsed("# nothing\n").kind, YamlNode::Kind::null);
}

struct Refusal {
  std::string_view text;
  std::string_view error;
};

TEST(Yaml, RefusesWhatAReaderCouldMisunderstand) {
  const Refusal refusals[] = {
      {"a: 1\nb: 2\na: 3\n", "f.yaml:3:1: duplicate key \"a\""},
      {"x: {a: 1, 'a': 2}\n", "f.yaml:1:11: duplicate key \"a\""},
      {"a: &x 1\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"&x a: 1\n", "f.yaml:1:1: anchors (&name) are not accepted"},
      {"a: &x [1]\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"a: &x {b: 1}\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"a: &x\nb: 1\n", "f.yaml:1:4: anchors (&name) are not accepted"},
      {"a: *x\n", "f.yaml:1:4: the referenced anchor is not defined"},
      {"a: !secret 1\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"a: ! 1\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"a: !!str 1\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"a: !!map {}\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"a: !!seq []\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"a: !<tag:yaml.org,2002:str> 1\n", "f.yaml:1:4: tags (!name) are not accepted"},
      {"<<: {a: 1}\n", "f.yaml:1:1: merge keys (<<) are not accepted"},
      {"a: 1\n---\nb: 2\n", "f.yaml:2:1: more than one document, expected exactly one"},
      {"a: 1\n...\nb: 2\n", "f.yaml:3:1: more than one document, expected exactly one"},
      {"{a: 1} b\n", "f.yaml:1:8: more than one document, expected exactly one"},
      {"~: 1\n", "f.yaml:1:1: a key must be a plain or quoted string"},
      {"? [a]\n: 1\n", "f.yaml:1:3: a key must be a plain or quoted string"},
      {"? {a: 1}\n: 1\n", "f.yaml:1:3: a key must be a plain or quoted string"},
      {"a: \"x\\0y\"\n", "f.yaml:1:4: NUL characters are not accepted"},
      {"a: \"x\\Ny\"\n", "f.yaml:1:4: an escape that is not UTF-8"},
      {"a: \"x\\_y\"\n", "f.yaml:1:4: an escape that is not UTF-8"},
      {"a: b: c\n", "f.yaml:1:5: illegal map value"},
      {"a: [1\n", "f.yaml:2:1: end of sequence flow not found"},
      {"a:\n\t- b\n", "f.yaml:2:2: illegal block entry"},
      {"ok: 1\nb: \xEF\xBB\xBFx\n", "f.yaml:2:4: byte order marks (U+FEFF) are not accepted"},
      {"\xEF\xBB\xBFok: 1\n", "f.yaml:1:1: byte order marks (U+FEFF) are not accepted"},
      {"a: 1 # b\rc: 2\n", "f.yaml:1:9: a carriage return without a line feed"},
      {"%x\na: 1\n", "f.yaml:1:1: directives (%NAME) are not accepted"},
      {"a: 1\n...\n%x\n", "f.yaml:3:1: directives (%NAME) are not accepted"},
      {"a: \xff\n", "f.yaml: not UTF-8"},
      {"a: \xed\xa0\x80\n", "f.yaml: not UTF-8"},
      {std::string_view("a: 1\nb: \0\n", 10), "f.yaml:2:4: NUL characters are not accepted"},
      {std::string_view("\xff\xfe\x61\0", 4), "f.yaml:1:4: NUL characters are not accepted"},
  };
  for (const auto& [text, error] : refusals) {
    EXPECT_THAT(errors_of(text), ElementsAre(error)) << text;
  }
}

// yaml-cpp takes the end of the file for a quote that is missing: rules would be gone.
TEST(Yaml, AQuotedStringEndsOnItsLine) {
  const std::string error =
      ": a quoted string that does not end on its line: is a quote missing? (longer text: a block, "
      "| "
      "or >)";
  const Refusal refusals[] = {
      {"owner: 'security team\nrules: [forbid]\n", "f.yaml:1:8"},
      {"owner: \"security team\nrules: [forbid]\n", "f.yaml:1:8"},
      {"a: 1\nb: 'x\n# for the users'\n", "f.yaml:2:4"},
      {"a: \"x\\\"\nb: 2\n", "f.yaml:1:4"},
      {"a: 'x''\nb: 2\n", "f.yaml:1:4"},
      {"\xc3\xa9: {a: 'x\n\n}\n", "f.yaml:1:9"},
      {"a: \"x\\\n  y\"\n", "f.yaml:1:4"},
  };
  for (const auto& [text, place] : refusals) {
    EXPECT_THAT(errors_of(text), testing::Contains(std::string(place) + error)) << text;
  }
  EXPECT_EQ(parsed("a: 'x''y'\r\nb: \"x\\\\\"\n").find("a")->text, "x'y");
  EXPECT_EQ(parsed("a: |\n  'x\n").find("a")->text, "'x\n");
}

TEST(Yaml, ReportsAllErrorsAtOnce) {
  EXPECT_THAT(
      errors_of("a: &x 1\nb: *x\nb: !t 2\n<<: 3\n"),
      ElementsAre("f.yaml:1:4: anchors (&name) are not accepted",
                  "f.yaml:2:4: aliases (*name) are not accepted: write the value out",
                  "f.yaml:3:1: duplicate key \"b\"", "f.yaml:3:4: tags (!name) are not accepted",
                  "f.yaml:4:1: merge keys (<<) are not accepted"));
}

TEST(Yaml, AnExclamationMarkInsideAScalarIsNoTag) {
  EXPECT_EQ(parsed("a: '!x'\nb: x!y\nc: \"!\"\n").find("a")->text, "!x");
  EXPECT_EQ(parsed("'<<': 1\n").find("<<")->text, "1");
}

TEST(Yaml, CountsColumnsInBytes) {
  EXPECT_THAT(errors_of("\xc3\xa9: {a: 1, a: 2}\n"),
              ElementsAre("f.yaml:1:12: duplicate key \"a\""));
}

TEST(Yaml, LimitsDepthExactly) {
  const YamlLimits limits{.depth_max = 4};
  EXPECT_THAT(errors_of("[[[[1]]]]", limits), IsEmpty());
  EXPECT_THAT(errors_of("[[[[[1]]]]]", limits),
              ElementsAre("f.yaml:1:5: nested deeper than 4 levels"));
  EXPECT_THAT(errors_of("a:\n b:\n  c:\n   d: 1\n", limits), IsEmpty());
  EXPECT_THAT(errors_of("a:\n b:\n  c:\n   d:\n    e: 1\n", limits),
              ElementsAre("f.yaml:5:5: nested deeper than 4 levels"));
}

TEST(Yaml, LimitsBytesExactly) {
  const YamlLimits limits{.bytes_max = 8};
  EXPECT_THAT(errors_of("a: 12345", limits), IsEmpty());
  EXPECT_THAT(errors_of("a: 123456", limits), ElementsAre("f.yaml: larger than 8 bytes"));
}

// Each would overflow the stack, explode or take quadratic time in a naive reader.
TEST(Yaml, SurvivesHostileInput) {
  constexpr std::size_t bytes = 1u << 20;
  const auto start = std::chrono::steady_clock::now();
  for (const std::string_view unit :
       {"[",  "{",   "- ",  "? ",  "a: {",   "[a: ",  ": ",    "{? ", "- [", "!",
        "! ", "&a ", "*a ", "%",   "%a\n",   "---\n", "...\n", "\n",  "#",   "\t",
        "'",  "\"",  "|\n", ">\n", "[ #]\n", "a:\n ", ",",     "{,"}) {
    EXPECT_FALSE(errors_of("a: [" + repeated(unit, bytes)).empty()) << unit;
    errors_of(repeated(unit, bytes));
  }
  std::string ladder;
  for (int i = 0; i < 1000; ++i) ladder += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_FALSE(errors_of(ladder).empty());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(120));
}

TEST(Yaml, RefusesAnAliasBombBeforeItGrows) {
  std::string bomb = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string below = "*a" + std::to_string(i - 1);
    bomb +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + "]\n";
  }
  EXPECT_EQ(errors_of(bomb).size(), 40u + 2 * 39u);
}

TEST(Yaml, ReadsHugeScalarsAndManyKeysInLinearTime) {
  const std::string huge = repeated("x", 4u << 20);
  EXPECT_EQ(parsed("a: \"" + huge + "\"\n").find("a")->text, huge);
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "k" + std::to_string(i) + ": v\n";
  EXPECT_EQ(parsed(many).pairs.size(), 100'000u);
}

TEST(Yaml, BoundsTheNumberOfErrors) {
  const std::vector<std::string> errors = errors_of(repeated("a: 1\n", 100'000));
  EXPECT_EQ(errors.size(), 1001u);
  EXPECT_EQ(errors.back(), "f.yaml: further problems are not shown");
}

TEST(Yaml, ManyWarningsNeverHideThatThereIsAnError) {
  Diagnostics diagnostics("f");
  for (int i = 0; i < 1000; ++i) diagnostics.warning({1, 1}, "w");
  EXPECT_FALSE(diagnostics.failed());
  diagnostics.error({1, 1}, "e");
  diagnostics.error({1, 1}, "e");
  EXPECT_TRUE(diagnostics.failed());
  EXPECT_EQ(diagnostics.all().size(), 1001u);
  EXPECT_FALSE(diagnostics.all().back().warning);
}

}  // namespace
}  // namespace portcullis
