// The JSON that a record may hold: UTF-8 without control characters, no floats, no nulls, integers
// below 2^53, no lone surrogates, no member twice in one object, at most 64 levels. Two readers of
// such a text cannot understand it differently.
//
// One pass, without a tree; time is linear in the length of the text but for the sorting of the
// names of large objects. A JsonChecker keeps its memory from text to text and is confined to one
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/types.h"

namespace portcullis::audit {

// What a reader wants of every record. The id sees the line that was checked.
struct RecordFacts {
  std::string_view id;           // of decision and outcome; empty if it is spelt with escapes
  std::optional<Effect> effect;  // of a decision
};

class JsonChecker {
 public:
  // nullopt if `text` is such a text, else what is wrong with it.
  std::optional<std::string> check(std::string_view text, RecordFacts& facts);
  // The same for a record of which parse_record() has read the rest: `members` stand in one object
  // with the names that every record has.
  std::optional<std::string> check_members(std::string_view members, RecordFacts& facts);

 private:
  enum class Expect : std::uint8_t { value, first_member, member, first_item, after_value };
  struct Name {
    std::string_view text;  // of the line, or of unescaped_
    std::uint64_t mark = 0;
    std::uint64_t bit() const { return std::uint64_t{1} << (mark >> 58); }
  };
  struct Level {
    bool object = false;
    std::size_t first_name = 0;  // in names_
    std::uint64_t seen = 0;      // a bit for each mark
  };
  struct Text {
    std::string_view raw;
    bool escaped = false;
  };
  static constexpr std::size_t depth_max = 64;

  static std::vector<Name> names_of_every_record();
  void begin(std::string_view text, RecordFacts& facts);
  bool run();
  bool run_members();
  bool step();
  bool read_value();
  bool end_scalar();
  bool read_after_value();
  bool read_member();
  bool read_string(Text& out);
  bool read_escape();
  bool read_four_digits(std::uint32_t& out);
  bool read_number();
  bool read_literal(std::string_view literal);
  bool enter(char bracket);
  bool leave();
  bool add_name(std::string_view name);
  bool names_differ();
  std::string_view unescape(std::string_view raw);
  void note_string(const Text& value);
  bool take(char c);
  bool refuse(std::string what);
  bool syntax();

  std::string_view text_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  RecordFacts* facts_ = nullptr;
  std::string problem_;
  Expect expect_ = Expect::value;
  std::size_t depth_ = 0;
  std::array<Level, depth_max> levels_;
  std::vector<Name> names_;            // of all open objects
  std::deque<std::string> unescaped_;  // names that are spelt with escapes
  std::string_view top_;               // the member of the record that is being read
  std::string_view name_;              // the member that was read last
};

std::optional<std::string> check_strict_json(std::string_view line, RecordFacts& facts);

}  // namespace portcullis::audit
