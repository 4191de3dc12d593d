// Every row of the detector table: its own examples, and its measured p measured again.
#include "classify/detector.h"

#include <cmath>
#include <random>
#include <set>

#include "classify/support.h"
#include "classify/validators.h"

namespace portcullis::classify {
namespace {

std::vector<const Detector*> all_rows() {
  std::vector<const Detector*> rows;
  for (const auto table : {personal_detectors(), secret_detectors()}) {
    for (const Detector& row : table) rows.push_back(&row);
  }
  return rows;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t bar = std::min(text.find('|'), text.size());
    parts.emplace_back(text.substr(0, bar));
    text.remove_prefix(std::min(text.size(), bar + 1));
  }
  return parts;
}

TEST(Detectors, EveryValidExampleIsFoundAtTheDefaultConfidence) {
  Scanner scanner(compile_or_fail());
  for (const Detector* row : all_rows()) {
    ASSERT_FALSE(row->valid.empty()) << row->type;
    for (const std::string& example : split(row->valid)) {
      const auto findings = find_all(scanner, example);
      const Finding* finding = first_of(findings, row->type);
      ASSERT_NE(finding, nullptr) << row->type << ": " << example << " -> " << describe(findings);
      EXPECT_EQ(finding->data_class, row->data_class) << example;
    }
  }
}

TEST(Detectors, NoInvalidExampleIsFound) {
  Scanner scanner(compile_or_fail());
  for (const Detector* row : all_rows()) {
    ASSERT_FALSE(row->invalid.empty()) << row->type;
    for (const std::string& example : split(row->invalid)) {
      const auto findings = find_all(scanner, example);
      EXPECT_EQ(first_of(findings, row->type), nullptr)
          << row->type << ": " << example << " -> " << describe(findings);
    }
  }
}

TEST(Detectors, RowsAreWellFormed) {
  std::map<std::string_view, std::string_view> class_of;
  for (const Detector* row : all_rows()) {
    EXPECT_EQ(class_of.try_emplace(row->type, row->data_class).first->second, row->data_class)
        << "one type, one class: " << row->type;
    EXPECT_TRUE(row->validator.empty() || find_validator(row->validator) != nullptr) << row->type;
    EXPECT_EQ(row->shape == Shape::pattern, !row->pattern.empty()) << row->type;
    EXPECT_EQ(row->shape == Shape::digits, row->digits_max > 0) << row->type;
    EXPECT_LE(row->digits_min, row->digits_max) << row->type;
    EXPECT_TRUE(!row->needs_context || !row->context.empty()) << row->type;
  }
}

// "Confidence is earned": what a row says of its chance is what random digits show.
TEST(Detectors, StoredChanceIsTheMeasuredChance) {
  std::mt19937_64 random(20261122);
  constexpr int trials = 200000;
  for (const Detector* row : all_rows()) {
    if (row->shape != Shape::digits || row->validator == "not_uniform") continue;
    const Validator valid = find_validator(row->validator);
    int hits = 0;
    for (int i = 0; i < trials; ++i) {
      const std::size_t span = row->digits_max - row->digits_min + 1u;
      std::string digits(row->digits_min + random() % span, '0');
      for (char& c : digits) c = static_cast<char>('0' + random() % 10);
      hits += valid(digits);
    }
    const double measured = static_cast<double>(hits) / trials;
    const double tolerance = 0.05 * row->p + 3 * std::sqrt(row->p / trials);
    EXPECT_NEAR(measured, row->p, tolerance) << row->type << " " << row->country;
  }
}

TEST(Detectors, StoredChanceOfIbanIsTheMeasuredChance) {
  std::mt19937_64 random(7);
  constexpr int trials = 400000;
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  int hits = 0;
  for (int i = 0; i < trials; ++i) {
    std::string text(15 + random() % 20, '0');
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    for (const std::size_t at : {0u, 1u}) text[at] = alphabet[10 + random() % 26];
    for (const std::size_t at : {2u, 3u}) text[at] = alphabet[random() % 10];
    hits += find_validator("iban")(text);
  }
  EXPECT_LE(static_cast<double>(hits) / trials, 1e-4);
}

TEST(Confidence, IsEarnedByTheRule) {
  struct Case {
    Evidence evidence;
    Confidence expected;
  };
  const Case cases[] = {
      {{.p = 1e-4}, Confidence::high},
      {{.p = 0.15, .context = true}, Confidence::high},
      {{.p = 0.9, .context = true, .grouped = true}, Confidence::high},
      {{.p = 0.9, .context = true}, Confidence::medium},
      {{.p = 0.9, .grouped = true}, Confidence::medium},
      {{.p = 0.03}, Confidence::medium},
      {{.p = 0.031}, Confidence::low},
      {{.p = 0.01, .irregular = true}, Confidence::low},
      {{.p = 0.01, .context = true, .irregular = true}, Confidence::high},
  };
  for (const Case& c : cases) EXPECT_EQ(earned_confidence(c.evidence), c.expected) << c.evidence.p;
}

TEST(Validators, AreSortedByNameAndAcceptAnything) {
  std::string_view previous;
  for (const NamedValidator& entry : validators()) {
    EXPECT_LT(previous, entry.name);
    previous = entry.name;
    EXPECT_EQ(find_validator(entry.name), entry.valid);
    for (const std::string& odd : {std::string(), std::string("x"), std::string("\0\xff", 2),
                                   std::string(1000, '9'), std::string(40, 'A')}) {
      (void)entry.valid(odd);
    }
  }
  EXPECT_EQ(find_validator("nothing"), nullptr);
}

}  // namespace
}  // namespace portcullis::classify
