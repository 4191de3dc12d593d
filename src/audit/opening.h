// What the `open` record of a segment says, as it stands there: nothing of it is checked here but
// its form.
//
// Pure functions, safe from any thread. A member that is missing or not in form is nullopt, or
// named in `problems`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/encoding.h"

namespace portcullis::audit {

// The stream that a stream goes on from.
struct StatedPredecessor {
  PublicKey public_key{};
  std::string note;    // its final checkpoint
  std::string reason;  // rotated, restored
};

struct StatedGenesis {
  std::optional<Bytes> wrapped_key;  // K_0 for the auditors
  std::optional<PublicKey> approver;
  std::optional<StatedPredecessor> predecessor;
};

struct Opening {
  std::string origin;
  std::optional<PublicKey> public_key;
  std::optional<std::vector<Digest>> frontier;
  std::optional<std::string> previous;  // the checkpoint of the records before
  std::optional<StatedGenesis> genesis;
  std::vector<std::string> problems;
};

// `line` holds strict JSON.
Opening read_opening(std::string_view line);

// For other records that are read as a tree.
std::optional<Digest> digest_of(const nlohmann::json& value);
std::optional<std::vector<Digest>> digests_of(const nlohmann::json& value);
std::optional<std::string> text_member(const nlohmann::json& object, const char* name);

}  // namespace portcullis::audit
