// The Merkle tree of RFC 9162 section 2.1 over the records, kept as the roots of its perfect
// subtrees.
//
// Appending costs one node hash on average, the root one per subtree (at most 53). Confined to one
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "portcullis/types.h"

namespace portcullis::audit {

// SHA-256(0x01 || left || right).
Digest node_hash(const Digest& left, const Digest& right);

class Frontier {
 public:
  Frontier() = default;
  // nullopt if a tree of `size` leaves does not have that many perfect subtrees.
  static std::optional<Frontier> restore(std::uint64_t size, std::vector<Digest> roots);

  void append(const Digest& leaf);
  Digest root() const;  // of no leaves: SHA-256 of nothing
  std::uint64_t size() const { return size_; }
  const std::vector<Digest>& roots() const { return roots_; }  // left to right, largest first
  friend bool operator==(const Frontier&, const Frontier&) = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> roots_;
};

}  // namespace portcullis::audit
