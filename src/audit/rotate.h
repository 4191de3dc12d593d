// `keys rotate`: ends the stream that the present signing key signs and puts a new key in its
// place.
//
//   signing.next.pem   the new key, until it is in place
//   signing-<16 hex>.pub   the old public half, for those who verify the retired stream
//
// Every step can be repeated: after a crash, rotate again. The old private key is overwritten and
// gone; on SSDs and snapshots that is best effort. Single-threaded, with no daemon on the
// directory.
#pragma once

#include <string>

#include "audit/environment.h"
#include "audit/retire.h"
#include "portcullis/audit.h"

namespace portcullis::audit {

struct Rotation {
  StreamId retired{};
  PublicKey old_key{};
  PublicKey new_key{};
  std::string old_public_file;
};

// The key is options.signing_key_file, and its public half is beside it, signing.pub. Cause::exists
// if a process has the log open, Cause::not_found if the key signed no stream there yet.
Result<Rotation> rotate_keys(const AuditOptions& options);
Result<Rotation> rotate_keys(const AuditOptions& options, const Environment& environment);

}  // namespace portcullis::audit
