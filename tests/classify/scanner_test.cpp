#include "classify/fold.h"
#include "classify/support.h"

#include <random>

namespace portcullis::classify {
namespace {

class ScannerTest : public ::testing::Test {
 protected:
  Scanner scanner{compile_or_fail()};
};

TEST_F(ScannerTest, KeyAndPointerAreContext) {
  EXPECT_EQ(first_of(find_all(scanner, "536221234"), "us_ssn"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "536221234", "customerSsn"), "us_ssn"), nullptr);
  Text text = text_of("536221234", "value");
  text.pointer = "/patient/ssn/value";
  const auto findings = scanner.scan({&text, 1});
  ASSERT_TRUE(findings.has_value());
  EXPECT_NE(first_of(findings->findings, "us_ssn"), nullptr);
}

TEST_F(ScannerTest, AWholeValueUnderACredentialNameIsACredential) {
  for (const char* key : {"password", "dbPassword", "client_secret", "apiKey"}) {
    const auto findings = find_all(scanner, "hunter2!", key);
    ASSERT_NE(first_of(findings, "password"), nullptr) << key;
    EXPECT_EQ(findings[0].begin, 0u);
    EXPECT_EQ(findings[0].end, 8u);
  }
  EXPECT_TRUE(find_all(scanner, "hunter2!", "comment").empty());
  EXPECT_TRUE(find_all(scanner, "${DB_PASSWORD}", "password").empty());
}

TEST_F(ScannerTest, ContextHasADistance) {
  const std::string gap(58, '.');
  EXPECT_NE(first_of(find_all(scanner, "ssn" + gap + " 536221234"), "us_ssn"), nullptr);
  EXPECT_EQ(first_of(find_all(scanner, "ssn" + gap + ".... 536221234"), "us_ssn"), nullptr);
  EXPECT_NE(first_of(find_all(scanner, "536221234 is my ssn"), "us_ssn"), nullptr);
}

TEST_F(ScannerTest, ContextRaisesConfidence) {
  const auto bare = find_all(scanner, "number 4111111111111111");
  const auto named = find_all(scanner, "card 4111111111111111");
  ASSERT_EQ(bare.size(), 1u);
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(bare[0].confidence, Confidence::medium);
  EXPECT_EQ(named[0].confidence, Confidence::high);
}

TEST_F(ScannerTest, FractionsOfNumbersAreNotCards) {
  EXPECT_TRUE(find_all(scanner, "[0.4111111111111111, 0.25]").empty());
  EXPECT_FALSE(find_all(scanner, "card 0.4111111111111111").empty());
}

TEST_F(ScannerTest, ASurerFindingExplainsWhatLiesInIt) {
  const auto findings = find_all(scanner, "card, phone: 4111 1111 1111 1111");
  ASSERT_EQ(findings.size(), 1u) << describe(findings);
  EXPECT_EQ(findings[0].type, "payment_card");
}

TEST_F(ScannerTest, FindingsAreOrderedAndRepeatable) {
  const std::string text =
      "jane@example.com 4111 1111 1111 1111, ssn 536-22-1234, AKIAIOSFODNN7EXAMPLE, +1 212 555 "
      "0123";
  const auto once = find_all(scanner, text);
  Scanner other(compile_or_fail());
  EXPECT_EQ(describe(once), describe(find_all(other, text)));
  EXPECT_EQ(describe(once), describe(find_all(scanner, text)));
  EXPECT_GE(once.size(), 5u);
  for (std::size_t i = 1; i < once.size(); ++i) EXPECT_LE(once[i - 1].begin, once[i].begin);
}

TEST_F(ScannerTest, OneTextDoesNotChangeTheNext) {
  const Text texts[] = {text_of("password = \"hunter2!\" ssn"), text_of("536221234"),
                        text_of("user"), text_of("jane@example.com")};
  const auto findings = scanner.scan(texts);
  ASSERT_TRUE(findings.has_value());
  ASSERT_EQ(findings->findings.size(), 2u) << describe(findings->findings);
  EXPECT_EQ(findings->findings[0].text, 0u);
  EXPECT_EQ(findings->findings[1].text, 3u);
}

TEST(Minimum, FiltersWhatIsLessSure) {
  Scanner low(compile_or_fail(at_least(Confidence::low)));
  Scanner high(compile_or_fail(at_least(Confidence::high)));
  EXPECT_NE(first_of(find_all(low, "536221234"), "us_ssn"), nullptr);
  EXPECT_TRUE(find_all(high, "4111111111111111").empty());
  EXPECT_FALSE(find_all(high, "card 4111111111111111").empty());
}

TEST(Budget, EndsInUnscannedNotInSilence) {
  ClassifierOptions options;
  options.work_bytes_max = 20000;
  Scanner scanner(compile_or_fail(options));
  const std::string big(100000, 'x');
  Text texts[] = {text_of("short one"), text_of(big), text_of("jane@example.com")};
  texts[1].pointer = "/messages/1/content";
  const auto findings = scanner.scan(texts);
  ASSERT_TRUE(findings.has_value());
  ASSERT_EQ(findings->unscanned.size(), 1u);
  EXPECT_EQ(findings->unscanned[0].what, "budget");
  EXPECT_EQ(findings->unscanned[0].pointer, "/messages/1/content");
  EXPECT_TRUE(findings->findings.empty());
}

TEST(Budget, AnEscapeBehindWhatIsUnescapedIsNotLeftOutInSilence) {
  Scanner scanner(compile_or_fail());
  for (const std::string& mark : {std::string(), std::string("\u00e9")}) {
    const std::string big = mark + std::string(5 << 20, '.');
    const std::string value = big + "%34111111111111111";
    Text text = text_of(value);
    const auto findings = scanner.scan({&text, 1});
    ASSERT_TRUE(findings.has_value());
    EXPECT_EQ(findings->unscanned.size(), 1u) << mark;
    text = text_of(big);
    EXPECT_TRUE(scanner.scan({&text, 1})->unscanned.empty());
  }
}

TEST(Budget, AFloodOfFindingsIsBounded) {
  Scanner scanner(compile_or_fail());
  std::string flood;
  for (int i = 0; i < 150000; ++i) flood += "a@b.co ";
  const Text text = text_of(flood);
  const auto findings = scanner.scan({&text, 1});
  ASSERT_TRUE(findings.has_value());
  EXPECT_LE(findings->findings.size(), 110000u);
  ASSERT_EQ(findings->unscanned.size(), 1u);
}

TEST(Classifier, NamesItsClassesTypesAndDigest) {
  const auto classifier = compile_or_fail();
  const std::vector<std::string> expected = {"contact", "npi", "pci",   "personal_eu",
                                             "phi",     "pii", "secret"};
  EXPECT_EQ(classifier->classes(), expected);
  EXPECT_EQ(classifier->digest(), compile_or_fail()->digest());
  ClassifierOptions fewer;
  fewer.countries = {"us"};
  const auto us = compile_or_fail(fewer);
  EXPECT_NE(classifier->digest(), us->digest());
  EXPECT_LT(us->types().size(), classifier->types().size());
  EXPECT_NE(compile_or_fail(at_least(Confidence::low))->digest(), classifier->digest());
}

TEST(Classifier, PacksLoadOnlyWhenNamed) {
  ClassifierOptions us;
  us.countries = {"us"};
  Scanner scanner(compile_or_fail(us));
  EXPECT_TRUE(find_all(scanner, "PESEL 44051401359").empty());
  EXPECT_FALSE(find_all(scanner, "ssn 536-22-1234").empty());
  us.countries = {"atlantis"};
  const auto refused = Classifier::compile(us);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("atlantis"), std::string::npos);
}

TEST(Robustness, RandomBytesNeverBreakARange) {
  Scanner scanner(compile_or_fail(at_least(Confidence::low)));
  std::mt19937_64 random(5);
  constexpr std::string_view spice[] = {"4111 1111 1111 1111",
                                        "@example.com",
                                        "eyJhbGciOiJIUzI1NiJ9.",
                                        "-----BEGIN PRIVATE KEY-----",
                                        "password=",
                                        "\u200b",
                                        "DE89",
                                        "+49",
                                        "ssn",
                                        "\uff14",
                                        "://a:b",
                                        "sk-"};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (std::size_t i = 0; i < random() % 400; ++i) {
      if (random() % 3 == 0) {
        text += spice[random() % std::size(spice)];
      } else {
        text.push_back(static_cast<char>(random() % (round % 2 == 0 ? 256 : 128)));
      }
    }
    const std::string before = describe(find_all(scanner, text));
    for (const Finding& finding : find_all(scanner, text)) {
      ASSERT_LT(finding.begin, finding.end);
      ASSERT_LE(finding.end, text.size());
    }
    EXPECT_EQ(before, describe(find_all(scanner, text)));
  }
}

TEST(Redaction, TokenNamesTheType) { EXPECT_EQ(redaction_token("us_ssn"), "[US_SSN]"); }

}  // namespace
}  // namespace portcullis::classify
