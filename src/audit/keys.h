// The file `key` of a stream: the epoch that is being written and its key.
//
// A fixed-length line, so that an old key can be overwritten in place before it is unlinked. On
// SSDs and snapshots that erasure is best effort. Confined to the thread that writes the stream.
#pragma once

#include <string>

#include "audit/chain.h"
#include "audit/file.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct StreamKey {
  StreamId stream{};
  EpochKey key;
};

// Cause::not_found if there is none. After a crash while it was being replaced, the new one.
Result<StreamKey> load_stream_key(const std::string& directory);
// Durable on return; the key before it is then overwritten.
Result<void> store_stream_key(FileSystem& files, const std::string& directory,
                              const StreamKey& key);

// The key of a stream that is over: overwritten, then removed.
Result<void> erase_stream_key(FileSystem& files, const std::string& directory);

}  // namespace portcullis::audit
