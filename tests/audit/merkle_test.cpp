#include "audit/merkle.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

Digest leaf(std::uint8_t value) {
  const std::uint8_t input[] = {0, value};
  return sha256(ByteView(input));
}

// RFC 9162 section 2.1.1, read literally.
Digest naive_root(const std::vector<Digest>& leaves, std::size_t begin, std::size_t end) {
  if (begin == end) return sha256(std::string_view());
  if (end - begin == 1) return leaves[begin];
  std::size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  std::string input = "\x01";
  input += as_text(naive_root(leaves, begin, begin + split));
  input += as_text(naive_root(leaves, begin + split, end));
  return sha256(input);
}

TEST(Frontier, HasTheRootOfTheStandard) {
  Frontier tree;
  std::vector<Digest> leaves;
  for (int size = 0; size <= 300; ++size) {
    ASSERT_EQ(tree.root(), naive_root(leaves, 0, leaves.size())) << size;
    ASSERT_EQ(tree.size(), leaves.size());
    leaves.push_back(leaf(static_cast<std::uint8_t>(size)));
    tree.append(leaves.back());
  }
}

// Computed with Python's hashlib over leaves SHA-256(0x00 || i).
TEST(Frontier, MatchesVectors) {
  const std::pair<int, const char*> rows[] = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {7, "3560191803028444b232018ac047fdb561c09c23a7a6876c85e08b5e4d48e9f3"},
      {20, "f2ba45d80624b4ee4063cd934a2369fd22f04ec615b823ed6b26fe7628f6d69d"},
  };
  for (const auto& [size, root] : rows) {
    Frontier tree;
    for (int i = 0; i < size; ++i) tree.append(leaf(static_cast<std::uint8_t>(i)));
    EXPECT_EQ(hex(tree.root()), root);
  }
}

TEST(Frontier, RestoresAndContinues) {
  Frontier whole;
  for (int i = 0; i < 45; ++i) whole.append(leaf(static_cast<std::uint8_t>(i)));
  auto restored = Frontier::restore(whole.size(), whole.roots());
  ASSERT_TRUE(restored.has_value());
  EXPECT_EQ(*restored, whole);
  whole.append(leaf(99));
  restored->append(leaf(99));
  EXPECT_EQ(restored->root(), whole.root());
  EXPECT_FALSE(Frontier::restore(7, {leaf(0), leaf(1)}).has_value());
  EXPECT_FALSE(Frontier::restore(0, {leaf(0)}).has_value());
}

}  // namespace
}  // namespace portcullis::audit
