#include "audit/stream_tree.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/erased.h"
#include "audit/record.h"
#include "audit/support.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

// A log of several segments; `records` decisions, each in a batch of its own.
void fill(Site& site, int records) {
  site.options.segment_bytes_max = 6000;
  const auto log = site.must_open();
  for (int i = 0; i < records; ++i) {
    ASSERT_TRUE(log->commit(decision(Effect::allow, std::to_string(i))));
  }
  ASSERT_TRUE(log->close());
}

std::vector<Digest> leaves_of(const std::string& directory) {
  std::vector<Digest> out;
  for (const std::string& path : segment_paths(directory)) {
    std::string text = read_text(path);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      out.push_back(parse_record(std::string_view(text).substr(begin, end - begin))->leaf);
      begin = end + 1;
    }
  }
  return out;
}

SubtreeRoot over(const std::vector<Digest>& leaves) {
  return [&leaves](const LeafRange& range) -> Result<Digest> {
    Frontier tree;
    for (std::uint64_t i = range.first; i < range.end; ++i) tree.append(leaves[i]);
    return tree.root();
  };
}

void expect_tree(StreamTree& tree, const std::vector<Digest>& leaves) {
  ASSERT_EQ(tree.size(), leaves.size());
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    for (std::uint64_t first = 0; first + size <= leaves.size(); first += size) {
      if ((size & (size - 1)) != 0) break;
      const auto root = tree.subtree({first, first + size});
      ASSERT_TRUE(root) << root.error().message;
      EXPECT_EQ(*root, *over(leaves)({first, first + size})) << first << " of " << size;
    }
    const auto proof = prove_consistency(size, leaves.size(), tree.roots());
    ASSERT_TRUE(proof);
    EXPECT_EQ(*proof, *prove_consistency(size, leaves.size(), over(leaves))) << size;
  }
}

std::string sidecar(const std::string& segment) {
  return segment.substr(0, segment.rfind(".jsonl")) + ".leaves";
}

TEST(StreamTree, IsThatOfTheSegmentsLeaves) {
  Site site;
  fill(site, 60);
  const auto leaves = leaves_of(site.log_directory());
  auto tree = StreamTree::open(site.log_directory());
  ASSERT_TRUE(tree);
  ASSERT_GT(tree->segments().size(), 5u);
  expect_tree(*tree, leaves);
  const auto note = read_text(site.log_directory() + "/checkpoint");
  const auto checkpoint = open_checkpoint(
      note, SigningKey::from_pem(read_text(site.path("signing.pem")))->public_key());
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->root, *tree_root(checkpoint->size, tree->roots()));
}

TEST(StreamTree, ReadsALogThatIsBeingWritten) {
  Site site;
  const auto log = site.must_open();
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(log->commit(decision(Effect::deny)));
  auto tree = StreamTree::open(site.log_directory());
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->size(), 10u);
  EXPECT_TRUE(tree->subtree({0, 8}));
  EXPECT_EQ(tree->subtree({8, 16}).error().cause, Cause::not_found);
}

TEST(StreamTree, ASidecarCountsOnlyIfItLeadsToTheNextFrontier) {
  Site site;
  fill(site, 40);
  const auto leaves = leaves_of(site.log_directory());
  const auto paths = segment_paths(site.log_directory());
  const auto segments = list_segments(site.log_directory());
  ASSERT_TRUE(segments);
  for (const bool right : {true, false}) {
    for (std::size_t i = 0; i + 1 < paths.size(); ++i) {
      std::string bytes;
      for (std::uint64_t s = (*segments)[i].first_seq; s < (*segments)[i + 1].first_seq; ++s) {
        bytes += as_text(leaves[s]);
      }
      if (!right) bytes[bytes.size() / 2] ^= 1;
      write_text(sidecar(paths[i]), bytes);
    }
    auto tree = StreamTree::open(site.log_directory());
    ASSERT_TRUE(tree);
    expect_tree(*tree, leaves);
  }
}

// With a right sidecar the segment's own lines, but for its first, are not needed.
TEST(StreamTree, ARightSidecarStandsForTheSegment) {
  Site site;
  fill(site, 40);
  const auto leaves = leaves_of(site.log_directory());
  const auto paths = segment_paths(site.log_directory());
  const auto segments = list_segments(site.log_directory());
  ASSERT_TRUE(segments);
  ASSERT_GT(paths.size(), 3u);
  const std::uint64_t first = (*segments)[1].first_seq;
  const std::uint64_t end = (*segments)[2].first_seq;
  std::string bytes;
  for (std::uint64_t seq = first; seq < end; ++seq) bytes += as_text(leaves[seq]);
  write_text(sidecar(paths[1]), bytes);
  std::string text = read_text(paths[1]);
  text[text.find('\n') + 1] = 'x';
  write_text(paths[1], text);
  auto tree = StreamTree::open(site.log_directory());
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->subtree({end - 1, end}));
  std::filesystem::remove(sidecar(paths[1]));
  auto without = StreamTree::open(site.log_directory());
  ASSERT_TRUE(without);
  EXPECT_EQ(without->subtree({end - 1, end}).error().cause, Cause::untrusted);
}

TEST(StreamTree, ErasedLinesKeepTheirLeaves) {
  Site site;
  fill(site, 20);
  const auto leaves = leaves_of(site.log_directory());
  const std::string path = segment_paths(site.log_directory()).front();
  const std::string text = read_text(path);
  const std::size_t begin = text.find('\n') + 1;
  const std::size_t end = text.find('\n', begin);
  const auto record = parse_record(std::string_view(text).substr(begin, end - begin));
  ASSERT_TRUE(record);
  const std::string line =
      erased_line({record->head.seq, sha256(record->body), record->leaf, record->mac});
  write_text(path, text.substr(0, begin) + line + text.substr(end + 1));
  auto tree = StreamTree::open(site.log_directory());
  ASSERT_TRUE(tree);
  expect_tree(*tree, leaves);
}

TEST(StreamTree, WhatIsMissingIsNotFoundAndHidesNothingElse) {
  Site site;
  fill(site, 60);
  const auto leaves = leaves_of(site.log_directory());
  const auto paths = segment_paths(site.log_directory());
  const auto segments = list_segments(site.log_directory());
  ASSERT_TRUE(segments);
  std::filesystem::remove(paths[2]);
  auto tree = StreamTree::open(site.log_directory());
  ASSERT_TRUE(tree);
  const std::uint64_t gone = (*segments)[2].first_seq;
  EXPECT_EQ(tree->subtree({gone, gone + 1}).error().cause, Cause::not_found);
  EXPECT_EQ(*tree->subtree({gone - 1, gone}), leaves[gone - 1]);
}

TEST(StreamTree, NoLogIsNotFound) {
  const TemporaryDirectory empty;
  EXPECT_EQ(StreamTree::open(empty.path()).error().cause, Cause::not_found);
  EXPECT_FALSE(StreamTree::open(empty.path() + "/none"));
}

TEST(Erased, IsExactlyItsLine) {
  ErasedRecord record;
  record.seq = 42;
  record.hash.fill(1);
  record.mac.fill(2);
  record.leaf = leaf_hash(record.hash, record.mac);
  std::string line = erased_line(record);
  line.pop_back();
  const auto parsed = parse_erased(line);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->seq, 42u);
  EXPECT_EQ(parsed->leaf, record.leaf);
  for (std::size_t i = 0; i < line.size(); ++i) {
    for (const int flip : {1, 4, 32}) {
      std::string changed = line;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const auto other = parse_erased(changed);
      EXPECT_TRUE(!other || other->seq != 42) << i << ' ' << changed;
    }
    EXPECT_FALSE(parse_erased(line.substr(0, i)));
  }
  EXPECT_FALSE(parse_erased(line + ' '));
}

}  // namespace
}  // namespace portcullis::audit
