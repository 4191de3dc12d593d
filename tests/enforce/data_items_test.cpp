#include "enforce/data_items.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

Text text_at(std::string pointer, bool redactable = true) {
  Text text;
  text.pointer = std::move(pointer);
  text.redactable = redactable;
  return text;
}

Text joined_at(std::string pointer, std::vector<std::uint32_t> seams) {
  Text text = text_at(std::move(pointer));
  text.kind = TextKind::joined;
  text.seams = std::move(seams);
  return text;
}

Finding found(std::string_view type, std::uint32_t text, std::uint32_t begin, std::uint32_t end) {
  return {.type = type,
          .data_class = type == "pan" ? "pci" : "pii",
          .confidence = Confidence::high,
          .text = text,
          .begin = begin,
          .end = end};
}

Finding low(Finding finding) {
  finding.confidence = Confidence::low;
  return finding;
}

Obligation redact(std::vector<std::string> classes) {
  return {ObligationType::redact, std::move(classes)};
}

// ---------------------------------------------------------------- seams

TEST(DropRepeatedFindings, AJoinedTextCountsOnlyWhereItCrossesASeam) {
  struct Row {
    std::uint32_t begin;
    std::uint32_t end;
    bool stays;
  };
  // Parts [0,5), [5,10), [10,...).
  constexpr Row rows[] = {{0, 5, false}, {5, 10, false},  {10, 12, false}, {0, 6, true},
                          {4, 5, false}, {4, 6, true},    {5, 6, false},   {9, 11, true},
                          {0, 12, true}, {10, 10, false}, {5, 5, false}};
  const std::vector<Text> texts = {joined_at("/a", {5, 10})};
  for (const Row& row : rows) {
    Findings findings;
    findings.findings = {found("us_ssn", 0, row.begin, row.end)};
    drop_repeated_findings(texts, findings);
    EXPECT_EQ(!findings.findings.empty(), row.stays) << row.begin << "-" << row.end;
  }
}

TEST(DropRepeatedFindings, WhatIsFoundWithAndWithoutSpacesCountsOnce) {
  // "12" "34" "56", with nothing at the seams and with a space.
  std::vector<Text> texts = {joined_at("/a", {2, 4}), joined_at("/a", {3, 6})};
  texts[1].seam_bytes = 1;
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 4), low(found("us_ssn", 0, 1, 6)),
                       found("us_ssn", 1, 0, 5), found("us_ssn", 1, 1, 8), found("pan", 1, 3, 8)};
  drop_repeated_findings(texts, findings);
  ASSERT_EQ(findings.findings.size(), 4u);
  EXPECT_EQ(findings.findings[2].begin, 1u) << "it is surer than the one without spaces";
  EXPECT_EQ(findings.findings[3].type, "pan") << "it is found with spaces only";
}

TEST(DropRepeatedFindings, LeavesOtherTextsAlone) {
  const std::vector<Text> texts = {text_at("/a"), joined_at("/b", {})};
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 5), found("us_ssn", 1, 0, 5)};
  drop_repeated_findings(texts, findings);
  ASSERT_EQ(findings.findings.size(), 1u);
  EXPECT_EQ(findings.findings.front().text, 0u);
}

// ---------------------------------------------------------------- items

TEST(DataItems, AreSplitByWhatPolicyCanTellApart) {
  const std::vector<Text> texts = {text_at("/a"), text_at("/b", false), joined_at("/c", {3})};
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 5),  low(found("us_ssn", 0, 6, 9)),
                       found("us_ssn", 0, 9, 12), found("us_ssn", 1, 0, 5),
                       found("us_ssn", 2, 1, 5),  found("pan", 0, 20, 36)};
  const std::vector<DataItem> items = data_items(texts, findings, {});
  struct Row {
    const char* type;
    Confidence confidence;
    bool redactable;
    std::uint32_t count;
  };
  constexpr Row rows[] = {{"pan", Confidence::high, true, 1},
                          {"us_ssn", Confidence::low, true, 1},
                          {"us_ssn", Confidence::high, false, 2},  // elsewhere, and across a seam
                          {"us_ssn", Confidence::high, true, 2}};
  ASSERT_EQ(items.size(), std::size(rows));
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].type, rows[i].type) << i;
    EXPECT_EQ(items[i].confidence, rows[i].confidence) << i;
    EXPECT_EQ(items[i].redactable, rows[i].redactable) << i;
    EXPECT_EQ(items[i].count, rows[i].count) << i;
  }
}

TEST(DataItems, WhatCouldNotBeReadIsAnItemThatNothingCanRedact) {
  const std::vector<Unscanned> unscanned = {{"image", "/a"}, {"budget", "/b"}, {"image", "/c"}};
  const std::vector<DataItem> items = data_items({}, {}, unscanned);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].type, "unscanned.budget");
  EXPECT_EQ(items[1].type, "unscanned.image");
  EXPECT_EQ(items[1].classes, std::vector<std::string>{"unscanned.image"});
  EXPECT_EQ(items[1].count, 2u);
  for (const DataItem& item : items) {
    EXPECT_EQ(item.confidence, Confidence::high);
    EXPECT_FALSE(item.redactable);
  }
}

// ---------------------------------------------------------------- summaries

TEST(Summarise, CountsEveryFindingAndNamesEachPlaceOnce) {
  const std::vector<Text> texts = {text_at("/a"), text_at("/b")};
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 5), found("us_ssn", 0, 6, 9), found("us_ssn", 1, 0, 5),
                       found("pan", 1, 6, 9)};
  const std::vector<FindingSummary> rows = summarise(texts, findings);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].type, "pan");
  EXPECT_EQ(rows[0].data_class, "pci");
  EXPECT_EQ(rows[1].type, "us_ssn");
  EXPECT_EQ(rows[1].count, 3u);
  EXPECT_EQ(rows[1].where, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(rows[1].more, 0u);
}

TEST(Summarise, PlacesBeyondSixteenAreCounted) {
  std::vector<Text> texts;
  Findings findings;
  for (std::uint32_t i = 0; i < 20; ++i) {
    texts.push_back(text_at("/" + std::to_string(i)));
    findings.findings.push_back(found("us_ssn", i, 0, 5));
    findings.findings.push_back(found("us_ssn", i, 6, 9));  // the same place: no new one
  }
  const std::vector<FindingSummary> rows = summarise(texts, findings);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].count, 40u);
  ASSERT_EQ(rows[0].where.size(), 16u);
  EXPECT_EQ(rows[0].where.back(), "/15");
  EXPECT_EQ(rows[0].more, 4u);
}

// ---------------------------------------------------------------- replacements

struct Expected {
  std::uint32_t text;
  std::uint32_t begin;
  std::uint32_t end;
  const char* with;
};

void expect_replacements(const std::vector<Finding>& all, const std::vector<std::string>& classes,
                         const std::vector<Expected>& expected) {
  const std::vector<Text> texts = {text_at("/a"), text_at("/b")};
  Findings findings;
  findings.findings = all;
  const std::vector<Replacement> out = replacements(texts, findings, {redact(classes)});
  ASSERT_EQ(out.size(), expected.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    EXPECT_EQ(out[i].text, expected[i].text);
    EXPECT_EQ(out[i].begin, expected[i].begin);
    EXPECT_EQ(out[i].end, expected[i].end);
    EXPECT_EQ(out[i].with, expected[i].with);
  }
}

TEST(Replacements, OnlyOfTheObligedClasses) {
  const std::vector<Finding> all = {found("us_ssn", 0, 0, 5), found("pan", 0, 6, 9)};
  expect_replacements(all, {"pii"}, {{0, 0, 5, "[US_SSN]"}});
  expect_replacements(all, {"pci"}, {{0, 6, 9, "[PAN]"}});
  expect_replacements(all, {"pci", "pii"}, {{0, 0, 5, "[US_SSN]"}, {0, 6, 9, "[PAN]"}});
  expect_replacements(all, {"secret"}, {});
}

TEST(Replacements, NoObligationsReplaceNothing) {
  const std::vector<Text> texts = {text_at("/a")};
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 5)};
  EXPECT_TRUE(replacements(texts, findings, {}).empty());
}

TEST(Replacements, OverlapsBecomeOneByTheSurest) {
  const std::vector<std::string> both = {"pci", "pii"};
  expect_replacements({found("us_ssn", 0, 0, 5), low(found("pan", 0, 3, 9))}, both,
                      {{0, 0, 9, "[US_SSN]"}});
  expect_replacements({low(found("us_ssn", 0, 0, 5)), found("pan", 0, 3, 9)}, both,
                      {{0, 0, 9, "[PAN]"}});
  expect_replacements({found("us_ssn", 0, 0, 9), found("pan", 0, 3, 5)}, both,
                      {{0, 0, 9, "[US_SSN]"}});
  // A chain: each overlaps only its neighbour.
  expect_replacements(
      {low(found("us_ssn", 0, 0, 5)), found("pan", 0, 4, 8), low(found("us_ssn", 0, 7, 12))}, both,
      {{0, 0, 12, "[PAN]"}});
  // Touching is not overlapping; nor is the same range of another text.
  expect_replacements({found("us_ssn", 0, 0, 5), found("pan", 0, 5, 9)}, both,
                      {{0, 0, 5, "[US_SSN]"}, {0, 5, 9, "[PAN]"}});
  expect_replacements({found("us_ssn", 0, 0, 5), found("pan", 1, 0, 5)}, both,
                      {{0, 0, 5, "[US_SSN]"}, {1, 0, 5, "[PAN]"}});
}

// Policy has counted it as data that stays (ruling_test has the denial that follows).
TEST(Replacements, NeverTouchWhatMayNotBeRewritten) {
  const std::vector<Text> texts = {text_at("/a", false), joined_at("/b", {3})};
  Findings findings;
  findings.findings = {found("us_ssn", 0, 0, 5), found("us_ssn", 1, 1, 5)};
  EXPECT_TRUE(replacements(texts, findings, {redact({"pii"})}).empty());
}

}  // namespace
}  // namespace portcullis
