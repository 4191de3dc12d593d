// RFC 9162 inclusion and consistency proofs (sections 2.1.3 and 2.1.4) and their verification.
//
// Making a proof asks a `SubtreeRoot` for O(log n) roots of aligned perfect subtrees; the functions
// here are pure apart from that. src/audit/stream_tree.h is one for a stream's directory.
// prove_consistency() reads only. Safe from any thread. Errors: Cause::invalid for sizes that have
// no proof; what the SubtreeRoot says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis::audit {

using MerkleProof = std::vector<Digest>;

// Leaves first to end - 1.
struct LeafRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - first; }
  friend bool operator==(const LeafRange&, const LeafRange&) = default;
};

// The maximal aligned perfect subtrees that `range` consists of, left to right.
std::vector<LeafRange> perfect_subtrees(const LeafRange& range);

// The root of an aligned perfect subtree.
using SubtreeRoot = std::function<Result<Digest>(const LeafRange& subtree)>;

// MTH(D[0:size]).
Result<Digest> tree_root(std::uint64_t size, const SubtreeRoot& subtree);

// PATH(seq, D[0:size]).
Result<MerkleProof> prove_inclusion(std::uint64_t seq, std::uint64_t size,
                                    const SubtreeRoot& subtree);
// PROOF(old_size, D[0:new_size]); empty for equal sizes and for an old size of 0.
Result<MerkleProof> prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                      const SubtreeRoot& subtree);
// The same for the stream in `directory`: in memory for one segment's leaves, reading few segments.
Result<MerkleProof> prove_consistency(const std::string& directory, std::uint64_t old_size,
                                      std::uint64_t new_size);

struct Inclusion {
  std::uint64_t seq = 0;
  Digest leaf{};
  std::uint64_t size = 0;
  Digest root{};
};
bool verify_inclusion(const Inclusion& claim, const MerkleProof& proof);

struct Consistency {
  std::uint64_t old_size = 0;
  Digest old_root{};
  std::uint64_t new_size = 0;
  Digest new_root{};
};
// Every tree extends the one of size 0, whose root is SHA-256 of nothing.
bool verify_consistency(const Consistency& claim, const MerkleProof& proof);

}  // namespace portcullis::audit
