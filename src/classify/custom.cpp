// What an organisation-defined detector must fulfil before it may run on requests.
#include <algorithm>

#include "classify/checksums.h"
#include "classify/patterns.h"
#include "classify/rules.h"

namespace portcullis::classify {
namespace {

constexpr std::size_t name_max = 64;
constexpr std::size_t pattern_max = 1000;
constexpr std::size_t keywords_max = 64;
constexpr std::size_t keyword_max = 64;
constexpr std::uint32_t distance_max = 1000;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_max && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

bool is_built_in(std::string_view type) {
  const auto same = [&](const Detector& row) { return row.type == type; };
  const auto personal = personal_detectors();
  const auto secret = secret_detectors();
  return std::any_of(personal.begin(), personal.end(), same) ||
         std::any_of(secret.begin(), secret.end(), same);
}

std::string refuse_keywords(const std::vector<std::string>& keywords) {
  if (keywords.size() > keywords_max) return "more than 64 keywords";
  for (const std::string& word : keywords) {
    if (word.empty() || word.size() > keyword_max) return "a keyword must have 1 to 64 bytes";
  }
  return {};
}

// Loads of text on which a bad pattern's automaton grows; it must stay within its memory.
std::string probe(const std::string& pattern) {
  PatternFinder finder;
  if (const std::string error = finder.add(0, pattern); !error.empty()) return error;
  struct Ignore final : PatternVisitor {
    std::size_t visit(const PatternMatch& match) override { return match.end; }
    bool wants(std::size_t) override { return true; }
  } ignore;
  std::string text;
  for (std::size_t i = 0; text.size() < 16384; ++i) {
    text += "a1-B2 _9.z,0/"[i * 7 % 13];
    text += static_cast<char>(' ' + i * i % 94);
  }
  const bool clean = finder.compile() && finder.scan(text, 0, text.size(), ignore);
  return clean ? std::string() : "the pattern's automaton is too large";
}

}  // namespace

std::string refuse_custom(const CustomDetector& detector) {
  if (!is_name(detector.type)) return "type must be [a-z][a-z0-9_]{0,63}";
  if (is_built_in(detector.type)) return "the type is built in";
  if (!is_name(detector.data_class)) return "data_class must be [a-z][a-z0-9_]{0,63}";
  if (detector.pattern.empty() || detector.pattern.size() > pattern_max) {
    return "pattern must have 1 to 1000 bytes";
  }
  if (detector.distance < 1 || detector.distance > distance_max) {
    return "distance must be 1 to 1000";
  }
  if (!detector.checksum.empty() && find_validator(detector.checksum) == nullptr) {
    return "unknown checksum " + detector.checksum;
  }
  if (std::string error = refuse_keywords(detector.keywords); !error.empty()) return error;
  if (std::string error = refuse_syntax(detector.pattern); !error.empty()) {
    return "pattern: " + error;
  }
  const std::string error = probe(detector.pattern);
  return error.empty() ? error : "pattern: " + error;
}

}  // namespace portcullis::classify
