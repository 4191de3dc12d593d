// The Merkle tree of the stream in a directory, read as little as a question needs.
//
// Roots of large subtrees come from the frontiers that `open` records carry, leaves from sidecars
// or segments (`.jsonl`, `.jsonl.zst`, erased lines), what was dropped from the roots that
// `retention` records keep. A sidecar counts only if its leaves lead to the frontier of the next
// segment. Nothing here is trusted: whoever uses a root must check it against a signed checkpoint.
//
// Confined to one thread. Memory: the leaves of at most four segments. Reads only; the daemon may
// write meanwhile: the tree is that of the records that were there at open(). Errors:
// Cause::not_found for a record that is not in the log; Cause::untrusted for lines out of order.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/input.h"
#include "audit/merkle.h"
#include "audit/proof.h"
#include "portcullis/result.h"

namespace portcullis::audit {

class StreamTree {
 public:
  static Result<StreamTree> open(const std::string& directory);

  std::uint64_t size() const { return size_; }  // the seq after the last record
  const std::vector<SegmentName>& segments() const { return segments_; }
  // The seq after the last record that belongs to the segment, dropped ones included.
  std::uint64_t segment_end(std::size_t index) const;

  // Cause::untrusted unless the segment's leaves lead from its own frontier to that of the next
  // one, or for the last to the checkpoint file's root. A segment with dropped records passes.
  Result<void> check_segment(std::size_t index);

  // The root of an aligned perfect subtree.
  Result<Digest> subtree(const LeafRange& range);
  SubtreeRoot roots() {
    return [this](const LeafRange& range) { return subtree(range); };
  }

 private:
  struct Leaves {
    std::size_t segment = 0;
    std::vector<Digest> leaves;
  };
  using SharedLeaves = std::shared_ptr<const Leaves>;

  StreamTree(std::string directory, std::vector<SegmentName> segments)
      : directory_(std::move(directory)), segments_(std::move(segments)) {}
  Result<Digest> find(const LeafRange& range);
  std::optional<Digest> find_in_frontiers(const LeafRange& range);
  const std::optional<Frontier>& frontier(std::size_t segment);
  std::size_t segment_of(std::uint64_t seq) const;
  Result<SharedLeaves> leaves(std::size_t segment);
  std::optional<std::vector<Digest>> read_sidecar(std::size_t segment);
  Result<std::vector<Digest>> read_segment(std::size_t segment) const;
  bool read_older_retention();
  bool is_newest_checkpoint(const Frontier& tree) const;
  std::string path(std::size_t segment) const { return directory_ + '/' + segments_[segment].name; }

  std::string directory_;
  std::vector<SegmentName> segments_;
  std::uint64_t size_ = 0;
  std::deque<SharedLeaves> cache_;                                      // newest first
  std::map<std::size_t, std::optional<Frontier>> frontiers_;            // by segment
  std::map<std::pair<std::uint64_t, std::uint64_t>, Digest> retained_;  // by first and end
  std::size_t retention_unread_ = 0;  // segments before this one were not searched
};

}  // namespace portcullis::audit
