#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/crypto.h"

namespace portcullis::audit {

Digest node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 65> input;
  input[0] = 0x01;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 33);
  return sha256(ByteView(input));
}

std::optional<Frontier> Frontier::restore(std::uint64_t size, std::vector<Digest> roots) {
  if (static_cast<std::size_t>(std::popcount(size)) != roots.size()) return std::nullopt;
  Frontier frontier;
  frontier.size_ = size;
  frontier.roots_ = std::move(roots);
  return frontier;
}

void Frontier::append(const Digest& leaf) {
  roots_.push_back(leaf);
  for (std::uint64_t rest = size_; (rest & 1) != 0; rest >>= 1) {
    const Digest right = roots_.back();
    roots_.pop_back();
    roots_.back() = node_hash(roots_.back(), right);
  }
  ++size_;
}

Digest Frontier::root() const {
  if (roots_.empty()) return sha256(std::string_view());
  Digest root = roots_.back();
  for (std::size_t i = roots_.size() - 1; i-- > 0;) root = node_hash(roots_[i], root);
  return root;
}

}  // namespace portcullis::audit
