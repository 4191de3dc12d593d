#include "enforce/recordable.h"

#include "enforce/support.h"

namespace portcullis::test {
namespace {

std::string recorded(std::string text,
                     const std::shared_ptr<const Classifier>& classifier = shipped_classifier()) {
  Scanner scanner(classifier);
  make_recordable(text, scanner, evidence_key());
  return text;
}

TEST(Recordable, PlainTextInWhichNothingIsFoundStays) {
  const std::string longest(128, 'a');
  for (const std::string& text :
       {std::string(), std::string("gpt-4o"), std::string("a.b_c:d/e@f+g-h"),
        std::string("/v1/chat/completions"), longest}) {
    EXPECT_EQ(recorded(text), text);
  }
}

TEST(Recordable, AnythingElseBecomesADigestOfItsOwnLength) {
  const std::string too_long(129, 'a');
  const std::string rows[] = {"two words",
                              "line\nbreak",
                              "quo\"te",
                              "per%20cent",
                              "caf\xc3\xa9",
                              std::string("nu\0l", 4),
                              "{x}",
                              "a;b",
                              "alice@example.com",
                              "536-90-4399",
                              "4111111111111111",
                              too_long};
  for (const std::string& row : rows) {
    const std::string out = recorded(row);
    EXPECT_TRUE(out.starts_with("hmac:")) << row;
    EXPECT_TRUE(out.ends_with(":" + std::to_string(row.size()))) << row;
    EXPECT_EQ(out.size(), 5 + 16 + 1 + std::to_string(row.size()).size()) << row;
    EXPECT_EQ(out, evidence_key().stand_in(row)) << "the same text has the same stand-in";
  }
}

TEST(Recordable, StandInsDependOnTheKey) {
  const EvidenceKey other(sha256(std::string_view("another")));
  EXPECT_NE(other.stand_in("two words"), evidence_key().stand_in("two words"));
}

TEST(Recordable, EachOfSeveralIsJudgedByItself) {
  std::string plain = "gpt-4o";
  std::string empty;
  std::string email = "alice@example.com";
  std::string spaced = "two words";
  std::string last = "plain-too";
  Scanner scanner(shipped_classifier());
  const std::array texts = {&empty, &plain, &spaced, &email, &last};
  make_recordable(texts, scanner, evidence_key());
  EXPECT_EQ(empty, "");
  EXPECT_EQ(plain, "gpt-4o");
  EXPECT_EQ(email, evidence_key().stand_in("alice@example.com"));
  EXPECT_EQ(spaced, evidence_key().stand_in("two words"));
  EXPECT_EQ(last, "plain-too");
}

// Who could not look does not know that nothing is there.
TEST(Recordable, AnUnfinishedScanMakesNothingRecordable) {
  ClassifierOptions options;
  options.work_bytes_max = 1;
  EXPECT_EQ(recorded("gpt-4o-and-more-of-it", classifier_of(options)),
            evidence_key().stand_in("gpt-4o-and-more-of-it"));
}

}  // namespace
}  // namespace portcullis::test
