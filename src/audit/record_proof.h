// One record with everything that an expert needs to judge it without the rest of the log: its
// line, the path to the root of the Merkle tree, and the signed checkpoint that names this root.
//
// As JSON (docs/cli.md, "portcullis audit prove"). Pure but for prove_record(), which
// reads a stream's directory. Safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/proof.h"
#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct RecordProof {
  std::uint64_t seq = 0;
  std::string line;  // the record's, without its line feed; empty if it was erased from the log
  Digest hash{};
  Digest mac{};
  MerkleProof path;
  std::string checkpoint;  // the signed note
  PublicKey public_key{};  // as the log names it
};

inline constexpr std::size_t record_proof_bytes_max = 4u << 20;

struct ProveOptions {
  std::string directory;
  std::uint64_t seq = 0;
  std::optional<std::uint64_t> size;  // of the signed checkpoint, which the log must carry
  std::string note;                   // else one that was kept elsewhere; else the newest
};
// The proof holds when it is returned. Cause::not_found if the record or a checkpoint that covers
// it is not there, Cause::untrusted if the log contradicts the checkpoint.
Result<RecordProof> prove_record(const ProveOptions& options);

std::string to_json(const RecordProof& proof);
Result<RecordProof> parse_record_proof(std::string_view json);

struct ProvedRecord {
  std::string origin;
  std::uint64_t size = 0;  // of the checkpoint
  Digest root{};
  std::string time;  // that the record says; empty if it was erased
  std::string type;
};
// Cause::untrusted with the step that does not hold.
Result<ProvedRecord> check_record_proof(const RecordProof& proof, const PublicKey& public_key);

}  // namespace portcullis::audit
