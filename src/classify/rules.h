// The compiled detector table: what a Classifier is and what its Scanners read.
//
// Thread-safety: immutable after compilation. Lifetimes: everything is owned; findings view it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "classify/context.h"
#include "classify/detector.h"
#include "classify/validators.h"
#include "portcullis/classify.h"

namespace portcullis::classify {

enum class PatternGroup : std::uint8_t { personal, secret, custom };
inline constexpr std::size_t pattern_groups = 3;

// A detector at run time, built in or organisation-defined.
struct Rule {
  std::string type;
  std::string data_class;
  Shape shape = Shape::pattern;
  Extent extent = Extent::match;
  PatternGroup group = PatternGroup::custom;
  std::string pattern;
  Validator valid = nullptr;
  bool grouped = false;
  bool needs_context = false;
  ContextGroup context = no_context;
  std::uint32_t distance = 60;  // bytes of folded text between a context word and the value
  double p = 1.0;
  bool declared = false;  // organisation-defined: `confidence` is what the organisation says
  Confidence confidence = Confidence::medium;
  const Detector* detector = nullptr;  // of Shape::digits
};

struct Rules {
  std::vector<Rule> all;
  std::vector<ContextWord> words;
  ContextWords context;
  std::size_t distance_max = 60;
  Confidence minimum = Confidence::medium;
  std::uint64_t work_bytes_max = 0;
  std::vector<std::string> classes;
  Digest digest{};

  explicit Rules(std::vector<ContextWord> context_words)
      : words(std::move(context_words)), context(words) {}
};

// Why a custom detector cannot be used, with the position in its pattern; empty if it can.
std::string refuse_custom(const CustomDetector& detector);
// RE2 programs above this are refused: their automata do not fit the memory of a scan.
inline constexpr int program_size_max = 4000;
inline constexpr std::size_t match_bytes_max = 1024;  // longer custom matches may be missed

}  // namespace portcullis::classify
