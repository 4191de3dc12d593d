// A segment's lines, one at a time, with line number and offset. A compressed segment
// (`.jsonl.zst`) reads as the bytes that it decompresses to.
//
// Memory is bounded by the longest line that version 1 allows, whatever the file holds. Confined to
// one thread. Lifetime: a Line's text views the reader's buffer and dies at the next call. Errors:
// as SegmentSource's; after one, the reader is at its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/source.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct Line {
  enum class Kind : std::uint8_t {
    record,     // text, without its line feed
    torn,       // text without a line feed at the end of the file, or before much unwritten space
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
  static Result<SegmentReader> open(const std::string& path);

  Result<Line> next();
  std::uint64_t file_bytes_read() const { return source_->file_bytes_read(); }

 private:
  explicit SegmentReader(std::unique_ptr<SegmentSource> source);
  std::string_view rest() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Result<bool> fill();  // false: the end of the segment was reached before
  Line take(Line::Kind kind, std::size_t bytes, std::size_t line_feed);
  void skip(std::size_t bytes);
  Result<Line> skip_unwritten();
  Result<Line> skip_too_long();

  std::unique_ptr<SegmentSource> source_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;     // of what was read and not yet taken, in buffer_
  std::size_t end_ = 0;       // of it
  std::uint64_t offset_ = 0;  // of buffer_[begin_] in the segment
  std::uint64_t number_ = 0;  // lines taken
  bool at_end_ = false;       // of the segment
};

}  // namespace portcullis::audit
