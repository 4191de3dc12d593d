// Asks a witness to cosign a checkpoint: it does so only if the log grew, and nothing else.
//
// A WitnessClient is confined to one thread at a time and remembers the size that its witness
// knows. Standard: https://c2sp.org/tlog-witness.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "audit/cosignature.h"
#include "audit/proof.h"
#include "config/config.h"
#include "net/asio.h"
#include "portcullis/audit.h"

namespace portcullis {

// The body of an add-checkpoint request.
struct CheckpointSubmission {
  std::uint64_t old_size = 0;
  audit::MerkleProof proof;  // from old_size to the note's size; empty if old_size is 0
  std::string note;
};
std::string submission_body(const CheckpointSubmission& submission);

// The size in the body of a 409: decimal digits and a newline.
std::optional<std::uint64_t> parse_known_size(std::string_view body);

class WitnessClient {
 public:
  // A proof that the log of `new_size` records extends that of `old_size`; may read from disk.
  using Prove =
      std::function<Result<audit::MerkleProof>(std::uint64_t old_size, std::uint64_t new_size)>;
  WitnessClient(WitnessSection section, audit::WitnessKey key, Prove prove);

  const std::string& name() const { return key_.name; }
  const WitnessSection& section() const { return section_; }

  // The `anchor` record. Cause::stale: the witness has cosigned what is no part of this log, which
  // was rolled back or forked; other causes: nothing is known. `checkpoint` must outlive the
  // exchange.
  Task<Result<Draft>> cosign(const SignedCheckpoint& checkpoint);

 private:
  enum class Next { done, again };
  Task<Result<Next>> submit(const SignedCheckpoint& checkpoint, std::string& cosigned);
  Result<Next> learn_size(const SignedCheckpoint& checkpoint, std::string_view body);

  WitnessSection section_;
  audit::WitnessKey key_;
  Prove prove_;
  std::uint64_t known_size_ = 0;
};

}  // namespace portcullis
