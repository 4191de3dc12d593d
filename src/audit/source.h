// The bytes of a segment in their order, whether its file is compressed or not.
//
// A compressed segment is exactly one zstd frame (RFC 8878) with content size and content checksum.
// Its window is at most 8 MiB, which bounds the memory. Confined to one thread. Errors:
// Cause::not_found if there is no such file, Cause::invalid for damage to the compression, which is
// noticed at the latest at the end; Cause::io.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "portcullis/result.h"

namespace portcullis::audit {

class SegmentSource {
 public:
  virtual ~SegmentSource() = default;
  // Fills `out` from its beginning as far as it can; 0: the end of the segment.
  virtual Result<std::size_t> read(std::span<char> out) = 0;
  virtual std::uint64_t file_bytes_read() const = 0;
};

Result<std::unique_ptr<SegmentSource>> open_segment_source(const std::string& path);

}  // namespace portcullis::audit
