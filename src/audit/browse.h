// The records of a stream in their order, filtered, with the place of each: for the commands that
// show, export and replay.
//
// Reads `.jsonl` and `.jsonl.zst`, and erased lines, which match no filter but a type of "erased".
// Proves nothing: verify_log() does. Confined to one thread; memory is bounded by the longest line.
// Lifetime: what a StoredRecord refers to dies when the visitor returns.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "audit/input.h"
#include "audit/summary.h"
#include "portcullis/result.h"

namespace portcullis::audit {

// Empty members do not filter. Everything that is given must hold.
struct RecordFilter {
  std::string person;
  std::string effect;
  std::string data_class;
  std::string rule;
  std::string type;
  std::string id;    // of a decision: the decision and its outcome
  std::string from;  // as times in records; `from` included, `to` not
  std::string to;
};

inline constexpr std::string_view erased_type = "erased";

struct StoredRecord {
  std::string_view file;
  std::uint64_t line_number = 0;
  std::uint64_t offset = 0;
  std::string_view line;
  const nlohmann::json& json;
  RecordSummary summary;
};

enum class Visit : std::uint8_t { go_on, stop };
using RecordVisitor = std::function<Visit(const StoredRecord& record)>;

struct BrowseOptions {
  std::string directory;
  RecordFilter filter;
  std::uint64_t last = 0;  // only so many, the newest; 0: all
  // Called before each segment.
  std::function<void(std::size_t segment, std::size_t segments)> progress;
};

// Where a log ended when it was read.
struct LogPosition {
  std::uint64_t segment = 0;  // its first seq
  std::uint64_t lines = 0;    // before `offset`
  std::uint64_t offset = 0;   // of the line after the last one, in the decompressed segment
};

struct Browsed {
  std::uint64_t matched = 0;
  std::uint64_t unreadable = 0;  // lines that are no records
  LogPosition end;
};
Result<Browsed> browse(const BrowseOptions& options, const RecordVisitor& visitor);

enum class Match : std::uint8_t { matched, passed_over, unreadable, stopped };
// One line without its line feed.
struct PlacedLine {
  std::string_view file;
  std::uint64_t number = 0;
  std::uint64_t offset = 0;
  std::string_view text;
};
Match visit_line(const PlacedLine& line, const RecordFilter& filter, const RecordVisitor& visitor);

}  // namespace portcullis::audit
