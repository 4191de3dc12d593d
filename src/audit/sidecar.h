// The sidecar `<first seq>.leaves` of a sealed segment: its records' leaves, 32 bytes each, in
// order.
//
// Spares proofs the reading of whole segments. Never trusted and never synced: whoever reads it
// compares it with the segment's signed root, and reads the segment instead. Safe from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "audit/file.h"
#include "audit/input.h"
#include "portcullis/result.h"

namespace portcullis::audit {

std::string sidecar_name(std::uint64_t first_seq);

struct ArchiveTask {
  std::string directory;
  SegmentName segment;
  const std::atomic<bool>& stop;  // once true, the task ends early and leaves no result
};
// Makes it from the segment's own lines. Without a result if one of them is not a record.
Result<void> write_sidecar(FileSystem& files, const ArchiveTask& task);

}  // namespace portcullis::audit
