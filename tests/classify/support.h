// Helpers of the classification tests: one text in, its findings out.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "portcullis/classify.h"

namespace portcullis::classify {

inline std::shared_ptr<const Classifier> compile_or_fail(const ClassifierOptions& options = {}) {
  auto compiled = Classifier::compile(options);
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().message);
  return compiled ? *compiled : nullptr;
}

inline ClassifierOptions at_least(Confidence minimum) {
  ClassifierOptions options;
  options.minimum_confidence = minimum;
  return options;
}

inline Text text_of(std::string_view value, std::string_view key = {}) {
  Text text;
  text.value = value;
  text.key = key;
  return text;
}

inline std::vector<Finding> find_all(Scanner& scanner, std::string_view value,
                                     std::string_view key = {}) {
  const Text text = text_of(value, key);
  const auto findings = scanner.scan({&text, 1});
  EXPECT_TRUE(findings.has_value());
  return findings ? findings->findings : std::vector<Finding>{};
}

inline const Finding* first_of(const std::vector<Finding>& findings, std::string_view type) {
  for (const Finding& finding : findings) {
    if (finding.type == type) return &finding;
  }
  return nullptr;
}

inline std::string describe(const std::vector<Finding>& findings) {
  std::string out;
  for (const Finding& finding : findings) {
    out += std::string(finding.type) + "/" + std::string(confidence_name(finding.confidence)) +
           "@" + std::to_string(finding.begin) + "-" + std::to_string(finding.end) + " ";
  }
  return out;
}

}  // namespace portcullis::classify
