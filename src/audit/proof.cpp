#include "audit/proof.h"

#include <algorithm>
#include <bit>

#include "audit/merkle.h"
#include "base/crypto.h"

namespace portcullis::audit {
namespace {

// Where RFC 9162 splits a tree of at least two leaves: the largest power of two below its size.
std::uint64_t split(const LeafRange& tree) { return tree.first + std::bit_floor(tree.size() - 1); }

// MTH of a range that begins where a tree's subtree can begin.
Result<Digest> range_root(const LeafRange& range, const SubtreeRoot& subtree) {
  const std::vector<LeafRange> subtrees = perfect_subtrees(range);
  auto root = subtree(subtrees.back());
  for (std::size_t i = subtrees.size() - 1; root && i-- > 0;) {
    const auto left = subtree(subtrees[i]);
    if (!left) return left;
    root = node_hash(*left, *root);
  }
  return root;
}

// `ranges` from the root down; a proof names them from the leaf up.
Result<MerkleProof> roots_upwards(const std::vector<LeafRange>& ranges,
                                  const SubtreeRoot& subtree) {
  MerkleProof proof;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const auto root = range_root(*range, subtree);
    if (!root) return tl::unexpected(root.error());
    proof.push_back(*root);
  }
  return proof;
}

// The common steps of RFC 9162 sections 2.1.3.2 and 2.1.4.2: hashes `proof` upwards from the node
// of index `node` at a level whose last index is `last`.
class Climb {
 public:
  Climb(std::uint64_t node, std::uint64_t last) : node_(node), last_(last) {}

  // Whether the next node of the path stands to the left of this one.
  bool goes_left() {
    const bool left = (node_ & 1) != 0 || node_ == last_;
    while ((node_ & 1) == 0 && node_ != 0 && left) step();
    step();
    return left;
  }
  bool at_root() const { return last_ == 0; }

 private:
  void step() {
    node_ >>= 1;
    last_ >>= 1;
  }
  std::uint64_t node_;
  std::uint64_t last_;
};

}  // namespace

std::vector<LeafRange> perfect_subtrees(const LeafRange& range) {
  std::vector<LeafRange> out;
  for (std::uint64_t first = range.first; first < range.end; first = out.back().end) {
    const std::uint64_t room = std::bit_floor(range.end - first);
    const std::uint64_t aligned = first == 0 ? room : first & (~first + 1);
    out.push_back({first, first + std::min(room, aligned)});
  }
  return out;
}

Result<Digest> tree_root(std::uint64_t size, const SubtreeRoot& subtree) {
  if (size == 0) return sha256(std::string_view());
  return range_root({0, size}, subtree);
}

Result<MerkleProof> prove_inclusion(std::uint64_t seq, std::uint64_t size,
                                    const SubtreeRoot& subtree) {
  if (seq >= size) {
    return failure(Cause::invalid, "record " + std::to_string(seq) + " is not among the first " +
                                       std::to_string(size));
  }
  std::vector<LeafRange> siblings;
  for (LeafRange tree{0, size}; tree.size() > 1;) {
    const std::uint64_t middle = split(tree);
    const bool left = seq < middle;
    siblings.push_back(left ? LeafRange{middle, tree.end} : LeafRange{tree.first, middle});
    (left ? tree.end : tree.first) = middle;
  }
  return roots_upwards(siblings, subtree);
}

Result<MerkleProof> prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                      const SubtreeRoot& subtree) {
  if (old_size > new_size) {
    return failure(Cause::invalid, "a log of " + std::to_string(new_size) +
                                       " records does not extend one of " +
                                       std::to_string(old_size));
  }
  if (old_size == 0) return MerkleProof{};
  std::vector<LeafRange> nodes;
  LeafRange tree{0, new_size};
  while (tree.end != old_size) {
    const std::uint64_t middle = split(tree);
    const bool left = old_size <= middle;
    nodes.push_back(left ? LeafRange{middle, tree.end} : LeafRange{tree.first, middle});
    (left ? tree.end : tree.first) = middle;
  }
  if (tree.first != 0) nodes.push_back(tree);
  return roots_upwards(nodes, subtree);
}

bool verify_inclusion(const Inclusion& claim, const MerkleProof& proof) {
  if (claim.seq >= claim.size) return false;
  Climb climb(claim.seq, claim.size - 1);
  Digest root = claim.leaf;
  for (const Digest& sibling : proof) {
    if (climb.at_root()) return false;
    root = climb.goes_left() ? node_hash(sibling, root) : node_hash(root, sibling);
  }
  return climb.at_root() && root == claim.root;
}

bool verify_consistency(const Consistency& claim, const MerkleProof& proof) {
  if (claim.old_size > claim.new_size) return false;
  if (claim.old_size == 0) return proof.empty() && claim.old_root == sha256(std::string_view());
  if (claim.old_size == claim.new_size) return proof.empty() && claim.old_root == claim.new_root;
  MerkleProof path = proof;
  if (std::has_single_bit(claim.old_size)) path.insert(path.begin(), claim.old_root);
  if (path.empty()) return false;
  const int complete = std::countr_one(claim.old_size - 1);
  Climb climb((claim.old_size - 1) >> complete, (claim.new_size - 1) >> complete);
  Digest old_root = path.front();
  Digest new_root = path.front();
  for (auto node = path.begin() + 1; node != path.end(); ++node) {
    if (climb.at_root()) return false;
    if (climb.goes_left()) {
      old_root = node_hash(*node, old_root);
      new_root = node_hash(*node, new_root);
    } else {
      new_root = node_hash(new_root, *node);
    }
  }
  return climb.at_root() && old_root == claim.old_root && new_root == claim.new_root;
}

}  // namespace portcullis::audit
