// What an independent witness says about a checkpoint: that it saw this size and root, at this
// time, and nothing before it that this would contradict.
//
// Pure functions, safe from any thread. Standard: https://c2sp.org/tlog-cosignature, the Ed25519
// form (cosignature/v1); verifier keys as in https://c2sp.org/signed-note.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct WitnessKey {
  std::string name;
  PublicKey key{};
};

// "<name>+<8 hex of the key id>+<base64 of 0x04 || 32 bytes>", without white space around it.
Result<WitnessKey> parse_witness_key(std::string_view vkey);

// A text file with one verifier key a line; blank lines and lines that begin with # do not count.
// Cause::invalid names the line. No key at all is an error.
Result<std::vector<WitnessKey>> parse_witness_keys(std::string_view text);

struct Cosignature {
  std::string witness;    // the key's name
  std::int64_t time = 0;  // seconds since 1970
};

// The good cosignatures of trusted witnesses in a note, one a witness, in the order of the note;
// those of unknown keys do not count. An empty vector: none of a trusted witness. Cause::untrusted
// if a line that names a trusted key does not verify, Cause::invalid if it is no signed note.
// Nothing is said about the log's own signature: that is open_checkpoint()'s.
Result<std::vector<Cosignature>> open_cosignatures(std::string_view note,
                                                   std::span<const WitnessKey> trusted);

// The note followed by those of a witness's signature lines (its answer to a submission) that are
// of `witness`, each of them good. Cause::untrusted if there is none or one does not verify.
Result<std::string> cosigned_note(std::string_view note, std::string_view lines,
                                  const WitnessKey& witness);

}  // namespace portcullis::audit
