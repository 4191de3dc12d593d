// The segment that is being written: contiguous writes, one sync each, a zero-filled reservation
// ahead of them.
//
// Confined to the writer thread. Errors: any is final for the whole log, nothing here is retried.
// After an error the file must not be touched again: what the page cache shows of it may not be on
// the disk.
#pragma once

#include <cstdint>
#include <string>

#include "audit/file.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct SegmentPlace {
  FileSystem& files;
  std::string directory;
  std::uint64_t first_seq = 0;
};

class Segment {
 public:
  // Durable under its final name, with `open_line` in it, on return.
  static Result<Segment> create(const SegmentPlace& place, std::string open_line);

  // Durable on return, and the path still names this file. `lines` is left in an unspecified state.
  Result<void> append(std::string& lines);
  // The same, and the file ends there.
  Result<void> finish(const std::string& lines);

  std::uint64_t size() const { return size_; }  // bytes of records

 private:
  Segment(FileSystem& files, std::string path, OutputFile file);
  Result<void> check_identity();

  FileSystem* files_;
  std::string path_;
  OutputFile file_;
  FileIdentity identity_;
  std::uint64_t size_ = 0;
  std::uint64_t reserved_ = 0;  // the file's length: zeros from size_ on
};

}  // namespace portcullis::audit
