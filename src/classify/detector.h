// A detector is data: one row of one table, with its own examples, which the tests run.
//
// Thread-safety: constants. Lifetimes: static. To add a type, add a row.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "portcullis/types.h"

namespace portcullis::classify {

// How candidates of a row are found.
enum class Shape : std::uint8_t {
  digits,      // groups of digits with separators between them (digits.h)
  pattern,     // an RE2 pattern, confirmed by `extent` and the validator (patterns.h)
  email,       // around an '@' (email.h)
  assignment,  // after a credential word (assignment.h)
};

// What of a pattern's match, and beyond it, belongs to the value (extent.h).
enum class Extent : std::uint8_t {
  match,        // the match; no letter or digit may stand directly beside it
  prefixed,     // the match, whatever stands beside it: its prefix is unmistakable
  token,        // the match and the token characters after it
  credential,   // the match and what RFC 6750 allows in a bearer token after it
  iban,         // as long as the country says, over spaces
  jwt,          // header, payload, signature
  private_key,  // up to the END line
};

struct Detector {
  std::string_view type;
  std::string_view data_class;
  std::string_view country;  // the pack that loads it; empty: always
  Shape shape = Shape::digits;

  // Shape::digits: total digits, the groupings in which it is printed ("3-2-4 3-6"), and the
  // separators that such a print uses.
  std::uint8_t digits_min = 0;
  std::uint8_t digits_max = 0;
  std::string_view groupings;
  std::string_view separators = " -.";
  bool mixed_separators = false;  // a print may use several of them: "(212) 555-0123"
  bool plus = false;              // only after a plus sign

  // Shape::pattern: RE2 syntax. `grouped`: the pattern itself is a printed form.
  std::string_view pattern;
  Extent extent = Extent::match;
  bool grouped = false;

  std::string_view validator;  // by name; empty: none
  double p = 1.0;  // measured: how often random text of this shape validates (tests measure again)
  bool needs_context = false;  // not reported at all without a context word
  std::string_view context;    // words, separated by '|'; lower case; ' ' is any separator

  std::string_view valid;    // examples, separated by '|', with their context where it is needed
  std::string_view invalid;  // near misses: this type must not be reported
};

std::span<const Detector> personal_detectors();  // people, money, health
std::span<const Detector> secret_detectors();    // credentials

// What is earned, and by what.
struct Evidence {
  double p = 1.0;
  bool context = false;
  bool grouped = false;        // printed as people print it
  bool irregular = false;      // cut out of a longer run of digits: one level less without context
  bool needs_context = false;  // nothing without one
};
Confidence earned_confidence(const Evidence& evidence);

}  // namespace portcullis::classify
