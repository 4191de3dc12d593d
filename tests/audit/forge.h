// The operator who turned: holds every key of a log and writes it anew, consistent but for the one
// lie that a test wants told.
//
// Single-threaded.
#pragma once

#include <functional>
#include <string>

#include "audit/chain.h"
#include "audit/support.h"

namespace portcullis::audit {

struct ForgedRecord {
  RecordHead head;  // its time is in `time`
  std::string time;
  std::string members;
  std::optional<Digest> mac;  // else the right one
  bool left_out = false;
  bool erased = false;  // only h, leaf and mac are left
};
using Lie = std::function<void(ForgedRecord&)>;

struct Forger {
  SigningKey signing_key;
  Digest first_key{};
  static Forger of(Site& site);
};

// Rewrites all segments and the file `checkpoint`. `lie` is told each record as it would honestly
// be, given what was lied before.
void forge(const std::string& directory, const Forger& forger, const Lie& lie);

// Who is named as the witness and who signs: one, unless it is forged.
struct Witnessing {
  const SigningKey& named;
  const SigningKey& signer;
  std::int64_t seconds = 0;
};
// The note with a line more.
std::string cosigned(const std::string& note, const Witnessing& witnessing);
// As in a file for --witness-key.
std::string witness_key(const SigningKey& witness);

}  // namespace portcullis::audit
