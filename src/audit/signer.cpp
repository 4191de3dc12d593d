#include "audit/signer.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace portcullis::audit {
namespace {

// Whether `tree` holds those perfect subtrees of the smaller `before` that it did not merge.
bool keeps_subtrees(const Frontier& tree, const Frontier& before) {
  const auto differing_bits = std::bit_width(tree.size() ^ before.size());
  const std::uint64_t kept =
      differing_bits < 64 ? before.size() >> differing_bits << differing_bits : 0;
  const auto count = static_cast<std::ptrdiff_t>(std::popcount(kept));
  return std::equal(before.roots().begin(), before.roots().begin() + count, tree.roots().begin());
}

}  // namespace

CheckpointSigner::CheckpointSigner(SigningKey key, std::string origin,
                                   std::optional<Checkpoint> signed_before)
    : key_(std::move(key)), origin_(std::move(origin)), signed_before_(std::move(signed_before)) {}

Result<void> CheckpointSigner::check_growth(const Checkpoint& next, const Frontier& tree) const {
  if (!signed_before_) return {};
  const bool longer = next.size > signed_before_->size;
  const bool same = next.size == signed_before_->size && next.root == signed_before_->root;
  const bool kept = !longer || !tree_ || keeps_subtrees(tree, *tree_);
  if (next.origin == signed_before_->origin && (longer || same) && kept) return {};
  return failure(Cause::untrusted, "a checkpoint of " + std::to_string(next.size) +
                                       " records would take back the signed one of " +
                                       std::to_string(signed_before_->size) + ": it is not signed");
}

Result<std::string> CheckpointSigner::sign(const Frontier& tree) {
  Checkpoint next{origin_, tree.size(), tree.root()};
  if (auto grown = check_growth(next, tree); !grown) return tl::unexpected(grown.error());
  std::string note = sign_checkpoint(next, key_);
  signed_before_ = std::move(next);
  tree_ = tree;
  return note;
}

}  // namespace portcullis::audit
