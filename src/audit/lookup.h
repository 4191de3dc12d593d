// What a tool wants to know of a stream's directory without reading all of it: its key, one
// record's line, one signed checkpoint.
//
// Proves nothing: what is returned is what the log says. Reads only; safe from any thread. Errors:
// Cause::not_found for what is not there, Cause::untrusted for lines out of order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/record.h"
#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct StreamFacts {
  StreamId stream{};
  std::string origin;
  PublicKey public_key{};
  std::optional<PublicKey> approver;
};
Result<StreamFacts> read_stream_facts(const std::string& directory);

// Of the record `seq`, or what stands in its place since it was erased; without the line feed.
Result<std::string> read_stored_line(const std::string& directory, std::uint64_t seq);

// The signed checkpoint of exactly `size` records, which the record after them carries.
Result<std::string> read_checkpoint_of_size(const std::string& directory, std::uint64_t size);
// The newest one, of the file `checkpoint`.
Result<std::string> read_newest_checkpoint(const std::string& directory);

}  // namespace portcullis::audit
