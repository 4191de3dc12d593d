// What the policy tests share.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "portcullis/policy.h"

namespace portcullis::test {

inline std::string slurp(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The classes and some types of the classifier that ships.
inline PolicyContext context() {
  return {{"contact", "npi", "pci", "personal_eu", "phi", "pii", "secret", "source_code"},
          {"litellm", "bedrock-us", "mistral-eu"},
          {"email", "iban", "pan", "us_ssn"}};
}

// A policy set with the model catalogue {m: {names: [gpt]}} around `rules`, which begin in line 5.
inline std::string with_rules(const std::string& rules) {
  return "apiVersion: portcullis/v1\nkind: PolicySet\nmetadata: {name: t, sequence: 1}\n"
         "models: {m: {names: [gpt]}}\n" +
         rules;
}

}  // namespace portcullis::test
