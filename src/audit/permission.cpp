#include "audit/permission.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/opening.h"
#include "audit/proof.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

std::optional<DroppedRange> read_dropped(const Json& json, const SeqRange& approved) {
  if (!json.is_object() || !json.contains("roots")) return std::nullopt;
  const auto roots = digests_of(json["roots"]);
  const auto is = [&](const char* name, std::uint64_t value) {
    const auto found = json.find(name);
    return found != json.end() && found->is_number_unsigned() &&
           found->get<std::uint64_t>() == value;
  };
  if (!roots || !is("first", approved.first) || !is("last", approved.last) ||
      roots->size() != perfect_subtrees({approved.first, approved.last + 1}).size()) {
    return std::nullopt;
  }
  return DroppedRange{approved, *roots};
}

// One entry for each approved range, in their order.
std::optional<std::vector<DroppedRange>> read_all_dropped(const Json& record,
                                                          const std::vector<SeqRange>& approved) {
  const auto list = record.find("dropped");
  if (list == record.end() || !list->is_array() || list->size() != approved.size()) {
    return std::nullopt;
  }
  std::vector<DroppedRange> out;
  for (std::size_t i = 0; i < approved.size(); ++i) {
    auto range = read_dropped((*list)[i], approved[i]);
    if (!range) return std::nullopt;
    out.push_back(*std::move(range));
  }
  return out;
}

bool all_before(const std::vector<SeqRange>& ranges, std::uint64_t end) {
  return ranges.empty() || ranges.back().last < end;
}

// Appends a perfect subtree whose first leaf comes next.
void append_subtree(std::vector<Digest>& roots, const LeafRange& range, const Digest& root) {
  roots.push_back(root);
  for (std::uint64_t rest = range.first / range.size(); (rest & 1) != 0; rest >>= 1) {
    const Digest right = roots.back();
    roots.pop_back();
    roots.back() = node_hash(roots.back(), right);
  }
}

}  // namespace

std::optional<std::string> Permissions::add(const RetentionClaim& claim,
                                            const PublicKey& approver) {
  const Json record = Json::parse(claim.line, nullptr, false);
  const auto note = record.is_object() ? text_member(record, "approval") : std::nullopt;
  if (!note) return "it has no approval";
  const auto approval = open_approval(*note, approver);
  if (!approval) return approval.error().message;
  if (approval->origin != claim.origin) return "the approval is for another log";
  if (!all_before(approval->drop, claim.first_seq) ||
      !all_before(approval->erase, claim.first_seq) ||
      !all_before(approval->acknowledge, claim.first_seq)) {
    return "the approval names records that are not in an earlier segment";
  }
  if (!approval->drop.empty() && approval->drop.front().first == 0) {
    return "record 0 cannot be dropped";
  }
  auto dropped = read_all_dropped(record, approval->drop);
  if (!dropped) return "what was dropped is not what was approved";
  merge(drop_, approval->drop);
  merge(erase_, approval->erase);
  merge(acknowledge_, approval->acknowledge);
  for (DroppedRange& range : *dropped) dropped_.push_back(std::move(range));
  return std::nullopt;
}

bool Permissions::covered(const std::vector<SeqRange>& ranges, const SeqRange& records) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), records.first,
                       [](std::uint64_t seq, const SeqRange& range) { return seq < range.first; });
  return after != ranges.begin() && std::prev(after)->last >= records.last;
}

void Permissions::merge(std::vector<SeqRange>& ranges, const std::vector<SeqRange>& more) {
  if (more.empty()) return;
  std::vector<SeqRange> all = ranges;
  all.insert(all.end(), more.begin(), more.end());
  std::sort(all.begin(), all.end(),
            [](const SeqRange& a, const SeqRange& b) { return a.first < b.first; });
  ranges.clear();
  for (const SeqRange& range : all) {
    if (!ranges.empty() && range.first <= ranges.back().last + 1) {
      ranges.back().last = std::max(ranges.back().last, range.last);
    } else {
      ranges.push_back(range);
    }
  }
}

std::optional<Frontier> Permissions::join(const Frontier& before, std::uint64_t end) const {
  std::vector<Digest> roots = before.roots();
  std::uint64_t size = before.size();
  while (size < end) {
    const DroppedRange* best = nullptr;
    for (const DroppedRange& range : dropped_) {
      const bool fits = range.records.first == size && range.records.last < end;
      if (fits && (best == nullptr || range.records.last > best->records.last)) best = &range;
    }
    if (best == nullptr) return std::nullopt;
    const auto subtrees = perfect_subtrees({size, best->records.last + 1});
    for (std::size_t i = 0; i < subtrees.size(); ++i) {
      append_subtree(roots, subtrees[i], best->roots[i]);
    }
    size = best->records.last + 1;
  }
  return Frontier::restore(end, std::move(roots));
}

}  // namespace portcullis::audit
