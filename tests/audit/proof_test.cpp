#include "audit/proof.h"

#include <gtest/gtest.h>

#include "audit/merkle.h"
#include "base/crypto.h"

namespace portcullis::audit {
namespace {

constexpr std::uint64_t size_max = 130;

// RFC 9162 section 2.1 as it is written: recursive, over D[first:end].
class Model {
 public:
  Model() {
    for (std::uint64_t i = 0; i < size_max; ++i) {
      leaves_.push_back(sha256("leaf " + std::to_string(i)));
    }
  }
  const Digest& leaf(std::uint64_t seq) const { return leaves_[seq]; }

  Digest root(std::uint64_t first, std::uint64_t end) const {
    if (first == end) return sha256(std::string_view());
    if (end - first == 1) return leaves_[first];
    const std::uint64_t k = first + split(end - first);
    return node_hash(root(first, k), root(k, end));
  }

  MerkleProof path(std::uint64_t m, std::uint64_t first, std::uint64_t end) const {
    if (end - first == 1) return {};
    const std::uint64_t k = split(end - first);
    MerkleProof proof;
    if (m < k) {
      proof = path(m, first, first + k);
      proof.push_back(root(first + k, end));
    } else {
      proof = path(m - k, first + k, end);
      proof.push_back(root(first, first + k));
    }
    return proof;
  }

  enum class Known : std::uint8_t { no, yes };
  MerkleProof subproof(std::uint64_t m, std::uint64_t first, std::uint64_t end, Known b) const {
    const std::uint64_t n = end - first;
    if (m == n) return b == Known::yes ? MerkleProof{} : MerkleProof{root(first, end)};
    const std::uint64_t k = split(n);
    MerkleProof proof;
    if (m <= k) {
      proof = subproof(m, first, first + k, b);
      proof.push_back(root(first + k, end));
    } else {
      proof = subproof(m - k, first + k, end, Known::no);
      proof.push_back(root(first, first + k));
    }
    return proof;
  }

  SubtreeRoot roots() const {
    return [this](const LeafRange& range) -> Result<Digest> {
      EXPECT_EQ(range.size() & (range.size() - 1), 0u) << "not perfect";
      EXPECT_EQ(range.first % range.size(), 0u) << "not aligned";
      return root(range.first, range.end);
    };
  }

 private:
  static std::uint64_t split(std::uint64_t n) {
    std::uint64_t k = 1;
    while (2 * k < n) k *= 2;
    return k;
  }
  std::vector<Digest> leaves_;
};

TEST(Proof, RootsAreThoseOfTheRecursiveDefinition) {
  const Model model;
  for (std::uint64_t size = 0; size <= size_max; ++size) {
    EXPECT_EQ(*tree_root(size, model.roots()), model.root(0, size)) << size;
  }
}

TEST(Proof, InclusionOfEveryLeafInEveryTree) {
  const Model model;
  for (std::uint64_t size = 1; size <= size_max; ++size) {
    const Digest root = model.root(0, size);
    for (std::uint64_t seq = 0; seq < size; ++seq) {
      const auto proof = prove_inclusion(seq, size, model.roots());
      ASSERT_TRUE(proof);
      ASSERT_EQ(*proof, model.path(seq, 0, size)) << seq << " of " << size;
      const Inclusion claim{seq, model.leaf(seq), size, root};
      ASSERT_TRUE(verify_inclusion(claim, *proof)) << seq << " of " << size;
      Inclusion other = claim;
      other.seq = seq + 1;
      ASSERT_FALSE(verify_inclusion(other, *proof)) << seq << " of " << size;
      other = claim;
      other.leaf[0] ^= 1;
      ASSERT_FALSE(verify_inclusion(other, *proof)) << seq << " of " << size;
    }
  }
}

TEST(Proof, ConsistencyOfEveryPairOfTrees) {
  const Model model;
  for (std::uint64_t new_size = 0; new_size <= size_max; ++new_size) {
    const Digest new_root = model.root(0, new_size);
    for (std::uint64_t old_size = 0; old_size <= new_size; ++old_size) {
      const auto proof = prove_consistency(old_size, new_size, model.roots());
      ASSERT_TRUE(proof);
      if (old_size > 0) {
        ASSERT_EQ(*proof, model.subproof(old_size, 0, new_size, Model::Known::yes))
            << old_size << " to " << new_size;
      }
      const Consistency claim{old_size, model.root(0, old_size), new_size, new_root};
      ASSERT_TRUE(verify_consistency(claim, *proof)) << old_size << " to " << new_size;
      Consistency other = claim;
      other.old_root[0] ^= 1;
      ASSERT_FALSE(verify_consistency(other, *proof)) << old_size << " to " << new_size;
      if (old_size == 0) continue;
      other = claim;
      other.new_root[0] ^= 1;
      ASSERT_FALSE(verify_consistency(other, *proof)) << old_size << " to " << new_size;
    }
  }
}

// A proof of another length, or with one digest changed, proves nothing.
TEST(Proof, ChangedProofsAreRefused) {
  const Model model;
  for (std::uint64_t size = 2; size <= 40; ++size) {
    for (std::uint64_t seq = 0; seq < size; ++seq) {
      const auto inclusion = prove_inclusion(seq, size, model.roots());
      const auto consistency = prove_consistency(seq + 1, size, model.roots());
      ASSERT_TRUE(inclusion && consistency);
      const Inclusion included{seq, model.leaf(seq), size, model.root(0, size)};
      const Consistency consistent{seq + 1, model.root(0, seq + 1), size, model.root(0, size)};
      const auto refused = [&](const MerkleProof& path, const MerkleProof& growth) {
        return !verify_inclusion(included, path) && !verify_consistency(consistent, growth);
      };
      MerkleProof longer = *inclusion, longer_growth = *consistency;
      longer.push_back(model.leaf(0));
      longer_growth.push_back(model.leaf(0));
      EXPECT_TRUE(refused(longer, longer_growth)) << seq << " of " << size;
      MerkleProof shorter(inclusion->begin(), inclusion->end() - 1);
      EXPECT_FALSE(verify_inclusion(included, shorter)) << seq << " of " << size;
      for (std::size_t i = 0; i < inclusion->size(); ++i) {
        MerkleProof changed = *inclusion;
        changed[i][31] ^= 0x80;
        EXPECT_FALSE(verify_inclusion(included, changed)) << seq << " of " << size;
      }
      for (std::size_t i = 0; i < consistency->size(); ++i) {
        MerkleProof changed = *consistency;
        changed[i][31] ^= 0x80;
        EXPECT_FALSE(verify_consistency(consistent, changed)) << seq + 1 << " to " << size;
      }
    }
  }
}

TEST(Proof, WhatHasNoProofIsRefused) {
  const Model model;
  EXPECT_EQ(prove_inclusion(5, 5, model.roots()).error().cause, Cause::invalid);
  EXPECT_EQ(prove_inclusion(0, 0, model.roots()).error().cause, Cause::invalid);
  EXPECT_EQ(prove_consistency(6, 5, model.roots()).error().cause, Cause::invalid);
  EXPECT_FALSE(verify_inclusion({0, {}, 0, {}}, {}));
  EXPECT_FALSE(verify_consistency({2, {}, 1, {}}, {}));
  EXPECT_FALSE(verify_consistency({3, model.root(0, 3), 4, model.root(0, 4)}, {}));
}

TEST(Proof, SubtreesOfARangeAreMaximal) {
  for (std::uint64_t first = 0; first < 70; ++first) {
    for (std::uint64_t end = first; end < 70; ++end) {
      std::uint64_t at = first;
      const auto subtrees = perfect_subtrees({first, end});
      for (const LeafRange& subtree : subtrees) {
        EXPECT_EQ(subtree.first, at);
        EXPECT_EQ(subtree.size() & (subtree.size() - 1), 0u);
        EXPECT_EQ(subtree.first % subtree.size(), 0u);
        const std::uint64_t twice = 2 * subtree.size();
        const std::uint64_t parent = subtree.first / twice * twice;
        EXPECT_FALSE(parent >= first && parent + twice <= end) << first << " to " << end;
        at = subtree.end;
      }
      EXPECT_EQ(at, end);
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
