// The end of a stream whose place another one takes: after the signing key is replaced, or when a
// witness has seen more of the stream than is here.
//
// The stream is recovered and sealed, the file `predecessor` says what the next stream follows, and
// everything but `lock` and `predecessor` goes to `retired/<stream>/`; the stream's last key is
// erased. Each step can be repeated: after a crash, retire again. No log may be open in the
// directory. Errors: Cause::not_found if there is no stream, Cause::exists if another process has
// the lock.
#pragma once

#include <optional>
#include <string>

#include "audit/environment.h"
#include "audit/host.h"
#include "audit/predecessor.h"
#include "portcullis/audit.h"

namespace portcullis::audit {

struct Retirement {
  Succession reason = Succession::restored;
  std::optional<PublicKey> successor;  // for rotated: the key that takes over
};

// Of options.directory, with the key in options.signing_key_file. A restored stream gets no new
// signature: what was signed beyond its end must not be contradicted. Returns the stream.
Result<StreamId> retire_stream(const AuditOptions& options, const Retirement& retirement);
Result<StreamId> retire_stream(const AuditOptions& options, const Retirement& retirement,
                               const Environment& environment, const HostLock& held);

// Its last part, when the predecessor's note is durable.
Result<void> put_away(FileSystem& files, const std::string& directory,
                      const Predecessor& predecessor);

inline constexpr const char* retired_directory_name = "retired";

}  // namespace portcullis::audit
