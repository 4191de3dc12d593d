// Turns a sealed segment into `<first seq>.jsonl.zst`: one zstd frame with content size and
// checksum.
//
// The segment goes only after the frame is durable under its name and has been read back and
// compared; a crash leaves the segment, and a frame beside it has no meaning. Confined to one
// thread.
#pragma once

#include "audit/file.h"
#include "audit/sidecar.h"
#include "portcullis/result.h"

namespace portcullis::audit {

Result<void> compress_segment(FileSystem& files, const ArchiveTask& task);

}  // namespace portcullis::audit
