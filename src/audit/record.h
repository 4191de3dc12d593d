// One record's line: S, the fixed suffix with leaf and mac, a line feed. Building and taking apart.
//
// docs/audit-log-format.md has the bytes. S is hashed as it stands, so parsing keeps views of the
// line and never re-serialises.
//
// Pure functions, safe from any thread. A ParsedRecord views the line that it was parsed from.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/audit.h"
#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis::audit {

using StreamId = std::array<std::uint8_t, 16>;
using Salt = std::array<std::uint8_t, 16>;

inline constexpr std::size_t record_type_count = static_cast<std::size_t>(RecordType::seal) + 1;
inline constexpr std::size_t suffix_bytes = 148;
inline constexpr std::size_t time_bytes = 30;              // 2026-11-22T15:44:01.000000000Z
inline constexpr std::size_t record_bytes_max = 1u << 20;  // of S, in version 1
inline constexpr std::size_t line_bytes_max = record_bytes_max + suffix_bytes;
inline constexpr std::uint64_t integer_max = (std::uint64_t{1} << 53) - 1;

std::string_view effect_name(Effect effect);
std::optional<RecordType> record_type_from_name(std::string_view name);

// What the first members of every record say.
struct RecordHead {
  StreamId stream{};
  std::uint64_t seq = 0;
  Digest prev{};
  std::uint64_t batch = 0;
  std::uint64_t epoch = 0;
  std::string_view time;
  Salt salt{};
  RecordType type = RecordType::open;
};

// Appends S. `members` may be empty.
void append_record(std::string& out, const RecordHead& head, std::string_view members);
// Appends the suffix and the line feed.
void append_suffix(std::string& out, const Digest& leaf, const Digest& mac);

struct ParsedRecord {
  RecordHead head;
  std::string_view body;     // S
  std::string_view members;  // of S, after the type; may be empty
  Digest leaf{};
  Digest mac{};
};

// `line` without its line feed. Cause::unsupported for another version, Cause::invalid for what is
// not a record. Judges the form of head and suffix only, neither hashes nor the members.
Result<ParsedRecord> parse_record(std::string_view line);

// Whether `members` can stand in a line: UTF-8 without control characters,
// and no escaped NUL.
bool is_recordable(std::string_view members);

// Decimal without leading zeros, at most integer_max; takes what it reads off the front of `text`.
std::optional<std::uint64_t> take_integer(std::string_view& text);

}  // namespace portcullis::audit
