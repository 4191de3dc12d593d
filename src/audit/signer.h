// Signs the checkpoints of one stream, and never one that takes back what was signed before.
//
// A signature is given for a tree that holds the last signed one: not smaller, of the same root if
// of the same size, and with those of its perfect subtrees that are not yet part of a larger one.
// Confined to one thread. Errors: Cause::untrusted; the log must then stop.
#pragma once

#include <optional>
#include <string>

#include "audit/checkpoint.h"
#include "audit/merkle.h"
#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

class CheckpointSigner {
 public:
  // `signed_before`: what was signed last in this stream, by whatever process.
  CheckpointSigner(SigningKey key, std::string origin, std::optional<Checkpoint> signed_before);

  // The signed note over all records of `tree`, which must be durable.
  Result<std::string> sign(const Frontier& tree);

  const std::string& origin() const { return origin_; }
  PublicKey public_key() const { return key_.public_key(); }
  std::uint64_t signed_size() const { return signed_before_ ? signed_before_->size : 0; }

 private:
  Result<void> check_growth(const Checkpoint& next, const Frontier& tree) const;

  SigningKey key_;
  std::string origin_;
  std::optional<Checkpoint> signed_before_;
  std::optional<Frontier> tree_;  // of signed_before_, if this process signed it
};

}  // namespace portcullis::audit
