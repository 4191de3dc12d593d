// A segment's lines, one at a time, with line number and offset.
//
// Memory is bounded by the longest line that version 1 allows, whatever the file holds. Confined to
// one thread. Lifetime: a Line's text views the reader's buffer and dies at the next call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "portcullis/result.h"

namespace portcullis::audit {

struct Line {
  enum class Kind : std::uint8_t {
    record,     // text, without its line feed
    torn,       // text without a line feed at the end of the file
    too_long,   // more than line_bytes_max without a line feed; skipped
    unwritten,  // NUL bytes up to the next other byte or the end of the file
    end,        // of the file
  };
  Kind kind = Kind::end;
  std::string_view text;
  std::uint64_t number = 0;  // from 1
  std::uint64_t offset = 0;  // of its first byte
};

class SegmentReader {
 public:
  static Result<SegmentReader> open(std::string path);
  SegmentReader(SegmentReader&& other) noexcept;
  SegmentReader& operator=(SegmentReader&&) = delete;
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;
  ~SegmentReader();

  Result<Line> next();

 private:
  SegmentReader(int descriptor, std::string path);
  std::string_view rest() const { return std::string_view(buffer_).substr(position_); }
  Result<bool> fill();  // false: the end of the file was reached before
  Line take(Line::Kind kind, std::size_t bytes, std::size_t line_feed);
  Result<Line> skip_unwritten();
  Result<Line> skip_too_long();

  int descriptor_;
  std::string path_;
  std::string buffer_;
  std::size_t position_ = 0;   // in buffer_
  std::uint64_t offset_ = 0;   // of buffer_[position_] in the file
  std::uint64_t read_to_ = 0;  // file offset of the end of buffer_
  std::uint64_t number_ = 0;   // lines taken
  bool end_ = false;           // of the file was reached
};

}  // namespace portcullis::audit
