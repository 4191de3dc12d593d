#include "classify/context.h"

#include <random>

#include "classify/support.h"

namespace portcullis::classify {
namespace {

std::string found_in(const ContextWords& words, std::string_view text) {
  std::vector<ContextHit> hits;
  words.find(text, hits);
  std::string out;
  for (const ContextHit& hit : hits) {
    out += std::to_string(hit.group) + ":" +
           std::string(text.substr(hit.begin, hit.end - hit.begin)) + ";";
  }
  return out;
}

TEST(Context, FindsWordsBetweenBoundaries) {
  const ContextWords words(
      {{"ssn", 0}, {"social security number", 1}, {"security", 2}, {"pan", 3}});
  EXPECT_EQ(found_in(words, "my SSN: 1"), "0:SSN;");
  EXPECT_EQ(found_in(words, "SSNs"), "0:SSN;");
  EXPECT_EQ(found_in(words, "customerSsn"), "0:Ssn;");
  EXPECT_EQ(found_in(words, "customer_ssn=1"), "0:ssn;");
  EXPECT_EQ(found_in(words, "ssn536221234"), "0:ssn;");
  EXPECT_EQ(found_in(words, "assn ssnx Japan pancake"), "");
  EXPECT_EQ(found_in(words, "social-security\nnumber"), "2:security;1:social-security\nnumber;");
}

TEST(Context, ReportsOverlappingWords) {
  const ContextWords words({{"card", 0}, {"card number", 1}, {"number", 2}, {"credit card", 3}});
  EXPECT_EQ(found_in(words, "credit card number"), "3:credit card;0:card;1:card number;2:number;");
}

TEST(Context, AgreesWithANaiveSearch) {
  std::mt19937_64 random(11);
  std::vector<ContextWord> list;
  for (ContextGroup group = 0; group < 40; ++group) {
    std::string word;
    for (std::size_t i = 0; i < 1 + random() % 4; ++i) word += "ab "[random() % 2];
    list.push_back({word, group});
  }
  const ContextWords words(list);
  for (int round = 0; round < 200; ++round) {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "ab ."[random() % 4];
    std::vector<ContextHit> hits;
    words.find(text, hits);
    std::size_t expected = 0;
    for (const ContextWord& word : list) {
      for (std::size_t at = text.find(word.word); at != std::string::npos;
           at = text.find(word.word, at + 1)) {
        const std::size_t end = at + word.word.size();
        const bool left = at == 0 || text[at - 1] == ' ' || text[at - 1] == '.';
        const bool right = end == text.size() || text[end] == ' ' || text[end] == '.';
        expected += left && right;
      }
    }
    ASSERT_EQ(hits.size(), expected) << text;
  }
}

TEST(Context, MemberNamesBecomeWords) {
  EXPECT_EQ(words_of("customerCardNumber"), "customer Card Number");
  EXPECT_EQ(words_of("card_number"), "card_number");
  EXPECT_EQ(words_of("SSN"), "SSN");
}

}  // namespace
}  // namespace portcullis::classify
