#include "audit/signer.h"

#include "audit/support.h"

namespace portcullis::audit {
namespace {

Digest leaf(std::uint64_t number) { return sha256(std::to_string(number)); }

Frontier tree_of(std::uint64_t size, const std::function<Digest(std::uint64_t)>& leaf_at = leaf) {
  Frontier tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(leaf_at(i));
  return tree;
}

const std::string origin = "test/00";

TEST(CheckpointSigner, SignsGrowthAndTheSameAgain) {
  const SigningKey key = SigningKey::generate();
  const PublicKey shared = key.public_key();
  CheckpointSigner signer(SigningKey::from_pem(key.to_pem()).value(), origin, std::nullopt);
  for (std::uint64_t size = 0; size < 70; ++size) {
    const Frontier tree = tree_of(size);
    for (int again = 0; again < 2; ++again) {
      const auto note = signer.sign(tree);
      ASSERT_TRUE(note.has_value()) << size << ": " << note.error().message;
      const auto checkpoint = open_checkpoint(*note, shared);
      ASSERT_TRUE(checkpoint.has_value());
      EXPECT_EQ(checkpoint->size, size);
      EXPECT_EQ(checkpoint->root, tree.root());
      EXPECT_EQ(signer.signed_size(), size);
    }
  }
}

TEST(CheckpointSigner, SignsNothingShorter) {
  for (std::uint64_t before = 1; before < 20; ++before) {
    CheckpointSigner signer(SigningKey::generate(), origin, std::nullopt);
    ASSERT_TRUE(signer.sign(tree_of(before)).has_value());
    for (std::uint64_t size = 0; size < before; ++size) {
      const auto note = signer.sign(tree_of(size));
      ASSERT_FALSE(note.has_value()) << size << " after " << before;
      EXPECT_EQ(note.error().cause, Cause::untrusted);
    }
    EXPECT_EQ(signer.signed_size(), before);
    EXPECT_TRUE(signer.sign(tree_of(before + 1)).has_value());
  }
}

// Each leaf in turn is another one in the second tree: refused at the same size, and at a larger
// one whenever the subtree that holds the leaf still stands by itself.
TEST(CheckpointSigner, SignsNothingInconsistent) {
  constexpr std::uint64_t before = 13;  // 8 + 4 + 1
  for (std::uint64_t changed = 0; changed < before; ++changed) {
    const auto other = [&](std::uint64_t i) { return leaf(i == changed ? 1000 : i); };
    for (const std::uint64_t size : {before, before + 1, before + 2, before + 3}) {
      CheckpointSigner signer(SigningKey::generate(), origin, std::nullopt);
      ASSERT_TRUE(signer.sign(tree_of(before)).has_value());
      const bool stands = size == before || changed < 8 || (changed < 12 && size < 16);
      const bool merged = size == 16 || (changed == 12 && size > before);
      EXPECT_EQ(signer.sign(tree_of(size, other)).has_value(), merged || !stands)
          << "leaf " << changed << " at " << size;
      EXPECT_TRUE(signer.sign(tree_of(size)).has_value() || merged);
    }
  }
}

TEST(CheckpointSigner, RemembersWhatAnotherProcessSigned) {
  const Frontier tree = tree_of(7);
  const Checkpoint before{origin, 7, tree.root()};
  const auto signs = [&](const Frontier& next, const std::string& name = origin) {
    return CheckpointSigner(SigningKey::generate(), name, before).sign(next).has_value();
  };
  EXPECT_TRUE(signs(tree));
  EXPECT_TRUE(signs(tree_of(8)));
  EXPECT_FALSE(signs(tree_of(6)));
  EXPECT_FALSE(signs(tree_of(7, [](std::uint64_t i) { return leaf(i + 1); })));
  EXPECT_FALSE(signs(tree_of(8), "test/01"));
}

}  // namespace
}  // namespace portcullis::audit
