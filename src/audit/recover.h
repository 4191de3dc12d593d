// What a start does before it writes: finds the valid end of the stream, proves that nothing which
// was acknowledged is missing, and seals what a crash left open.
//
// Every step can be repeated: a crash during recovery is recovered from by recovering again. The
// old file is never appended to or truncated: after a failed sync the page cache shows bytes that
// the disk does not have. Single-threaded, before the writer starts. Errors: a refusal to start;
// Cause::untrusted where something that was acknowledged or signed is damaged or missing.
#pragma once

#include <optional>
#include <string>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/environment.h"
#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

// The end of a stream whose last segment is sealed and durable.
struct StreamTail {
  StreamId stream{};
  std::string origin;
  ChainEnd end;
  EpochKey key;  // of the last segment
  std::string last_time;
  std::optional<Checkpoint> signed_before;  // what the file `checkpoint` says
};

struct RecoverOptions {
  std::string directory;
  PublicKey public_key{};
};

// nullopt: the directory holds no stream yet.
Result<std::optional<StreamTail>> recover_stream(const RecoverOptions& options,
                                                 const Environment& environment);

// The newest signed checkpoint of a stream's directory.
inline constexpr const char* checkpoint_file_name = "checkpoint";
// nullopt: there is none. Cause::untrusted: another key signed it, or it is no checkpoint.
Result<std::optional<Checkpoint>> load_checkpoint(const RecoverOptions& options);

}  // namespace portcullis::audit
