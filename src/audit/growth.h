// Whether one state of a stream extends another: what `portcullis audit consistency` asks.
//
// Reads only; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/proof.h"
#include "portcullis/result.h"

namespace portcullis::audit {

// A state of a stream. Without a signed root, that of the log itself is taken.
struct TreeState {
  std::uint64_t size = 0;
  std::optional<Digest> root;
};

struct GrowthQuery {
  std::string directory;
  TreeState before;
  TreeState after;
};

struct Growth {
  Consistency claim;
  MerkleProof proof;  // verified
};
// Cause::untrusted if the log disproves it: a fork, a rollback, other records; anything else means
// that it can be neither proved nor refuted.
Result<Growth> prove_growth(const GrowthQuery& query);

}  // namespace portcullis::audit
