// The file `predecessor` of a log's directory: which stream the next one follows, and why.
//
// Left behind by retire_stream(), taken over into the genesis of the next stream, then removed.
// Free functions, safe from any thread as long as one of them writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/file.h"
#include "audit/record.h"
#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

enum class Succession : std::uint8_t {
  rotated,   // the signing key was replaced
  restored,  // a witness has seen more of the old stream than is here
};
std::string_view succession_name(Succession reason);

struct Predecessor {
  PublicKey public_key{};  // of the old stream
  std::string note;        // its last signed checkpoint
  Succession reason = Succession::rotated;
};
// The JSON object, as in the file and in a genesis.
std::string to_json(const Predecessor& predecessor);

// nullopt: there is none. Cause::untrusted if its note is not signed by the key that it names.
Result<std::optional<Predecessor>> load_predecessor(const std::string& directory);
Result<void> store_predecessor(FileSystem& files, const std::string& directory,
                               const Predecessor& predecessor);
Result<void> remove_predecessor(FileSystem& files, const std::string& directory);

// The stream that its note is of.
Result<StreamId> stream_of(const Predecessor& predecessor);

}  // namespace portcullis::audit
