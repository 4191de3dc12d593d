#include "audit/growth.h"

#include "audit/stream_tree.h"

namespace portcullis::audit {
namespace {

tl::unexpected<Error> refuted(std::string why) { return failure(Cause::untrusted, std::move(why)); }

// The root of the log's first records, which must be the signed one if there is one.
Result<Digest> root_at(StreamTree& tree, const TreeState& state) {
  const std::string records = std::to_string(state.size) + " records";
  if (state.size > tree.size()) {
    const std::string why = "the log has only " + std::to_string(tree.size()) + " of " + records;
    return failure(state.root ? Cause::untrusted : Cause::not_found, why);
  }
  auto root = tree_root(state.size, tree.roots());
  if (root && state.root && *root != *state.root) {
    return refuted("the log's first " + records + " are not those that were signed: a fork");
  }
  return root;
}

}  // namespace

Result<Growth> prove_growth(const GrowthQuery& query) {
  const auto& [directory, before, after] = query;
  if (before.size > after.size) {
    return refuted("a log of " + std::to_string(after.size) + " records does not extend one of " +
                   std::to_string(before.size) + ": a rollback");
  }
  auto tree = StreamTree::open(directory);
  if (!tree) return tl::unexpected(tree.error());
  const auto old_root = root_at(*tree, before);
  if (!old_root) return tl::unexpected(old_root.error());
  const auto new_root = root_at(*tree, after);
  if (!new_root) return tl::unexpected(new_root.error());
  auto proof = prove_consistency(before.size, after.size, tree->roots());
  if (!proof) return tl::unexpected(proof.error());
  Growth growth{{before.size, *old_root, after.size, *new_root}, *std::move(proof)};
  if (!verify_consistency(growth.claim, growth.proof)) {
    return refuted("the log contradicts itself: run portcullis audit verify");
  }
  return growth;
}

}  // namespace portcullis::audit
