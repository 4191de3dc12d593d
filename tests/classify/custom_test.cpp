#include "classify/support.h"

namespace portcullis::classify {
namespace {

CustomDetector employee() {
  CustomDetector detector;
  detector.type = "employee_id";
  detector.data_class = "hr";
  detector.pattern = "E-[0-9]{6}";
  return detector;
}

ClassifierOptions with(const CustomDetector& detector) {
  ClassifierOptions options;
  options.custom = {detector};
  return options;
}

TEST(Custom, ReportsItsTypeClassAndConfidence) {
  CustomDetector detector = employee();
  detector.confidence = Confidence::high;
  const auto classifier = compile_or_fail(with(detector));
  Scanner scanner(classifier);
  const auto findings = find_all(scanner, "ask E-123456 or E\u2011123457");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].type, "employee_id");
  EXPECT_EQ(findings[0].data_class, "hr");
  EXPECT_EQ(findings[0].confidence, Confidence::high);
  EXPECT_EQ(findings[0].begin, 4u);
  EXPECT_EQ(findings[0].end, 12u);
  const auto& classes = classifier->classes();
  EXPECT_NE(std::find(classes.begin(), classes.end(), "hr"), classes.end());
}

TEST(Custom, KeywordsMustBeNear) {
  CustomDetector detector = employee();
  detector.pattern = "[0-9]{6}";
  detector.keywords = {"badge", "personeelsnummer"};
  detector.distance = 10;
  Scanner scanner(compile_or_fail(with(detector)));
  EXPECT_FALSE(find_all(scanner, "badge 123456").empty());
  EXPECT_FALSE(find_all(scanner, "123456", "badgeNo").empty());
  EXPECT_TRUE(find_all(scanner, "badge .......... 123456").empty());
  EXPECT_TRUE(find_all(scanner, "123456").empty());
}

TEST(Custom, FarKeywordsAreSeenAcrossWindows) {
  CustomDetector detector = employee();
  detector.keywords = {"badge"};
  detector.distance = 1000;
  Scanner scanner(compile_or_fail(with(detector)));
  for (std::size_t at = 3000; at < 5200; at += 100) {
    const std::string text = std::string(at, '.') + " badge " + std::string(980, '.') + " E-123456";
    EXPECT_EQ(find_all(scanner, text).size(), 1u) << at;
    const std::string after =
        std::string(at, '.') + " E-123456 " + std::string(980, '.') + " badge";
    EXPECT_EQ(find_all(scanner, after).size(), 1u) << at;
  }
}

TEST(Custom, ChecksumByName) {
  CustomDetector detector = employee();
  detector.pattern = "L-[0-9]{4}";
  detector.checksum = "luhn";
  Scanner scanner(compile_or_fail(with(detector)));
  EXPECT_TRUE(find_all(scanner, "L-1234").empty());
}

TEST(Custom, RefusesWithTheDetectorsNameAndPosition) {
  struct Case {
    const char* expected;
    void (*change)(CustomDetector&);
  };
  const Case cases[] = {
      {"type must be", [](CustomDetector& d) { d.type = "Employee"; }},
      {"built in", [](CustomDetector& d) { d.type = "us_ssn"; }},
      {"data_class", [](CustomDetector& d) { d.data_class = ""; }},
      {"1 to 1000 bytes", [](CustomDetector& d) { d.pattern = ""; }},
      {"at offset 2", [](CustomDetector& d) { d.pattern = "E-["; }},
      {"unbounded repeat, write {0,n} or {1,n} at offset 5",
       [](CustomDetector& d) { d.pattern = "[0-9]+x"; }},
      {"unbounded repeat, write {m,n}", [](CustomDetector& d) { d.pattern = "[0-9]{3,}"; }},
      {"anchors", [](CustomDetector& d) { d.pattern = "^abc"; }},
      {"empty string", [](CustomDetector& d) { d.pattern = "a{0,3}"; }},
      {"too large", [](CustomDetector& d) { d.pattern = "[a-z0-9]{1,900}x[0-9]{1,900}"; }},
      {"unknown checksum", [](CustomDetector& d) { d.checksum = "sum"; }},
      {"distance", [](CustomDetector& d) { d.distance = 0; }},
      {"keyword", [](CustomDetector& d) { d.keywords = {""}; }},
  };
  for (const Case& c : cases) {
    CustomDetector detector = employee();
    c.change(detector);
    const auto refused = Classifier::compile(with(detector));
    ASSERT_FALSE(refused.has_value()) << c.expected;
    EXPECT_NE(refused.error().message.find(c.expected), std::string::npos)
        << refused.error().message;
  }
}

TEST(Custom, RefusesTheSameTypeTwice) {
  ClassifierOptions options;
  options.custom = {employee(), employee()};
  EXPECT_FALSE(Classifier::compile(options).has_value());
}

}  // namespace
}  // namespace portcullis::classify
