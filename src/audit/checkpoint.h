// Signed checkpoints: C2SP tlog-checkpoint text in a C2SP signed-note with our Ed25519 signature.
//
//   <origin>\n<size>\n<base64 root>\n\n<em dash> <origin> <base64(key hash || signature)>\n
//
// The key's name is the origin, "<deployment>/<stream>". Further signature lines, those of
// witnesses, may stand beside ours: audit/cosignature.h judges them. Pure functions, safe from any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis::audit {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;  // records 0 to size - 1
  Digest root{};
};

// The signed note.
std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);

// Cause::invalid if it is not such a note, Cause::untrusted if `key` did not sign it exactly once.
Result<Checkpoint> open_checkpoint(std::string_view note, const PublicKey& key);

// A deployment's name may stand in an origin: [A-Za-z0-9._-]{1,64}.
bool is_deployment_name(std::string_view name);

}  // namespace portcullis::audit
