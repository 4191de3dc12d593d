#include "audit/stream_tree.h"

#include <algorithm>
#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/erased.h"
#include "audit/lookup.h"
#include "audit/reader.h"
#include "audit/record.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

constexpr std::size_t cached_segments_max = 4;

std::optional<std::vector<Digest>> digests_of(const Json& list) {
  if (!list.is_array()) return std::nullopt;
  std::vector<Digest> out;
  for (const Json& item : list) {
    const auto bytes =
        item.is_string() ? from_hex(item.get_ref<const std::string&>()) : std::nullopt;
    if (!bytes || bytes->size() != sizeof(Digest)) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), out.emplace_back().begin());
  }
  return out;
}

std::uint64_t number_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

// The leaf of the record `seq` that `line` should hold.
std::optional<Digest> leaf_of(std::string_view line, std::uint64_t seq) {
  if (const auto record = parse_record(line)) {
    if (record->head.seq == seq) return record->leaf;
  } else if (const auto erased = parse_erased(line)) {
    if (erased->seq == seq) return erased->leaf;
  }
  return std::nullopt;
}

Digest perfect_root(const Digest* leaves, std::size_t count) {
  if (count == 1) return *leaves;
  const std::size_t half = count / 2;
  return node_hash(perfect_root(leaves, half), perfect_root(leaves + half, half));
}

using Retained = std::map<std::pair<std::uint64_t, std::uint64_t>, Digest>;

void keep_roots(const Json& dropped, Retained& out) {
  if (!dropped.is_object() || !dropped.contains("roots")) return;
  const std::uint64_t first = number_of(dropped, "first");
  const std::uint64_t last = number_of(dropped, "last");
  const auto roots = digests_of(dropped["roots"]);
  if (!roots || first > last || last >= integer_max) return;
  const std::vector<LeafRange> subtrees = perfect_subtrees({first, last + 1});
  if (subtrees.size() != roots->size()) return;
  for (std::size_t i = 0; i < subtrees.size(); ++i) {
    out[{subtrees[i].first, subtrees[i].end}] = (*roots)[i];
  }
}

// Whether the segment holds a retention record; its roots go to `out`.
bool read_retention(const std::string& path, Retained& out) {
  auto reader = SegmentReader::open(path);
  bool found = false;
  while (reader) {
    const auto line = reader->next();
    if (!line || line->kind == Line::Kind::end) break;
    if (line->kind != Line::Kind::record) continue;
    const auto record = parse_record(line->text);
    if (!record || record->head.type != RecordType::retention) continue;
    found = true;
    const Json json = Json::parse(line->text, nullptr, false);
    const auto dropped = json.find("dropped");
    if (dropped == json.end() || !dropped->is_array()) continue;
    for (const Json& range : *dropped) keep_roots(range, out);
  }
  return found;
}

}  // namespace

Result<StreamTree> StreamTree::open(const std::string& directory) {
  auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  if (segments->empty()) {
    return failure(Cause::not_found, "there is no audit log in " + directory);
  }
  StreamTree tree(directory, *std::move(segments));
  const std::size_t last = tree.segments_.size() - 1;
  const auto leaves = tree.leaves(last);
  if (!leaves) return tl::unexpected(leaves.error());
  tree.size_ = tree.segments_[last].first_seq + (*leaves)->leaves.size();
  tree.retention_unread_ = tree.segments_.size();
  return tree;
}

std::uint64_t StreamTree::segment_end(std::size_t index) const {
  return index + 1 < segments_.size() ? segments_[index + 1].first_seq : size_;
}

std::size_t StreamTree::segment_of(std::uint64_t seq) const {
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), seq,
      [](std::uint64_t value, const SegmentName& segment) { return value < segment.first_seq; });
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(after - segments_.begin(), 1) - 1);
}

Result<void> StreamTree::check_segment(std::size_t index) {
  const auto lines = read_segment(index);
  if (!lines) return tl::unexpected(lines.error());
  const bool last = index + 1 == segments_.size();
  if (!last && segments_[index].first_seq + lines->size() < segment_end(index)) return {};
  std::optional<Frontier> tree = frontier(index);
  if (tree) {
    for (const Digest& leaf : *lines) tree->append(leaf);
  }
  const bool good = tree && (last ? is_newest_checkpoint(*tree) : *tree == frontier(index + 1));
  if (good) return {};
  return failure(Cause::untrusted,
                 path(index) + " contradicts the log around it: run portcullis audit verify");
}

// Whose signature it bears is the verifier's question.
bool StreamTree::is_newest_checkpoint(const Frontier& tree) const {
  const auto note = read_newest_checkpoint(directory_);
  if (!note) return false;
  const std::string lines =
      '\n' + std::to_string(tree.size()) + '\n' + base64(tree.root()) + "\n\n";
  return note->find(lines) != std::string::npos;
}

Result<Digest> StreamTree::subtree(const LeafRange& range) {
  if (range.end > size_) {
    return failure(Cause::not_found, "the log ends before record " + std::to_string(range.end - 1));
  }
  for (;;) {
    auto root = find(range);
    const bool missing = !root && root.error().cause == Cause::not_found;
    if (!missing || !read_older_retention()) return root;
  }
}

Result<Digest> StreamTree::find(const LeafRange& range) {
  if (const auto kept = retained_.find({range.first, range.end}); kept != retained_.end()) {
    return kept->second;
  }
  if (const auto root = find_in_frontiers(range)) return *root;
  const std::size_t segment = segment_of(range.first);
  if (range.end <= segment_end(segment)) {
    const auto held = leaves(segment);
    if (!held) return tl::unexpected(held.error());
    const std::uint64_t first = segments_[segment].first_seq;
    if (range.first >= first && range.end <= first + (*held)->leaves.size()) {
      return perfect_root(&(*held)->leaves[range.first - first], range.size());
    }
  }
  if (range.size() == 1) {
    return failure(Cause::not_found,
                   "record " + std::to_string(range.first) + " is not in the log any more");
  }
  const std::uint64_t middle = range.first + range.size() / 2;
  const auto left = find({range.first, middle});
  if (!left) return left;
  const auto right = find({middle, range.end});
  if (!right) return right;
  return node_hash(*left, *right);
}

// A frontier of n leaves holds this subtree if it is a left child, or the root, and the tree has it
// but not yet the whole of its sibling.
std::optional<Digest> StreamTree::find_in_frontiers(const LeafRange& range) {
  if ((range.first & range.size()) != 0) return std::nullopt;
  const std::size_t segment = segment_of(range.end + range.size() - 1);
  const std::uint64_t size = segments_[segment].first_seq;
  if (size < range.end || size >= range.end + range.size()) return std::nullopt;
  const auto& known = frontier(segment);
  if (!known) return std::nullopt;
  // The larger subtrees of the frontier stand before this one.
  const std::uint64_t larger = size & ~(2 * range.size() - 1);
  return known->roots()[static_cast<std::size_t>(std::popcount(larger))];
}

const std::optional<Frontier>& StreamTree::frontier(std::size_t segment) {
  const auto [entry, added] = frontiers_.try_emplace(segment);
  if (!added) return entry->second;
  auto reader = SegmentReader::open(path(segment));
  const auto line = reader ? reader->next() : tl::unexpected(reader.error());
  if (!line || line->kind != Line::Kind::record) return entry->second;
  const auto record = parse_record(line->text);
  const std::uint64_t size = segments_[segment].first_seq;
  if (!record || record->head.seq != size) return entry->second;
  const Json json = Json::parse(line->text, nullptr, false);
  const auto roots = json.find("frontier");
  auto digests = roots == json.end() ? std::nullopt : digests_of(*roots);
  if (digests) entry->second = Frontier::restore(size, *std::move(digests));
  return entry->second;
}

Result<StreamTree::SharedLeaves> StreamTree::leaves(std::size_t segment) {
  const auto cached = std::find_if(cache_.begin(), cache_.end(), [&](const SharedLeaves& entry) {
    return entry->segment == segment;
  });
  if (cached != cache_.end()) return *cached;
  auto read = read_sidecar(segment);
  if (!read) {
    auto lines = read_segment(segment);
    if (!lines) return tl::unexpected(lines.error());
    read = *std::move(lines);
  }
  cache_.push_front(std::make_shared<Leaves>(Leaves{segment, *std::move(read)}));
  if (cache_.size() > cached_segments_max) cache_.pop_back();
  return cache_.front();
}

std::optional<std::vector<Digest>> StreamTree::read_sidecar(std::size_t segment) {
  if (segment + 1 >= segments_.size()) return std::nullopt;
  const std::uint64_t count = segment_end(segment) - segments_[segment].first_seq;
  const std::string digits = segment_name(segments_[segment].first_seq).substr(0, 20);
  std::ifstream file(directory_ + '/' + digits + ".leaves", std::ios::binary | std::ios::ate);
  if (!file || static_cast<std::uint64_t>(file.tellg()) != count * sizeof(Digest)) {
    return std::nullopt;
  }
  std::vector<Digest> out(count);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(out.data()),
            static_cast<std::streamsize>(count * sizeof(Digest)));
  std::optional<Frontier> tree = frontier(segment);
  const auto& next = frontier(segment + 1);
  if (!file || !tree || !next) return std::nullopt;
  for (const Digest& leaf : out) tree->append(leaf);
  if (*tree != *next) return std::nullopt;
  return out;
}

Result<std::vector<Digest>> StreamTree::read_segment(std::size_t segment) const {
  auto reader = SegmentReader::open(path(segment));
  if (!reader) return tl::unexpected(reader.error());
  std::vector<Digest> out;
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind == Line::Kind::end) return out;
    const bool last = segment + 1 == segments_.size();
    if (last && line->kind != Line::Kind::record) return out;
    const std::uint64_t seq = segments_[segment].first_seq + out.size();
    const auto leaf = line->kind == Line::Kind::record ? leaf_of(line->text, seq) : std::nullopt;
    if (!leaf) {
      return failure(Cause::untrusted, path(segment) + ':' + std::to_string(line->number) + ':' +
                                           std::to_string(line->offset) + ": not record " +
                                           std::to_string(seq) + ": run portcullis audit verify");
    }
    out.push_back(*leaf);
  }
}

bool StreamTree::read_older_retention() {
  while (retention_unread_ > 0) {
    if (read_retention(path(--retention_unread_), retained_)) return true;
  }
  return false;
}

Result<MerkleProof> prove_consistency(const std::string& directory, std::uint64_t old_size,
                                      std::uint64_t new_size) {
  auto tree = StreamTree::open(directory);
  if (!tree) return tl::unexpected(tree.error());
  return prove_consistency(old_size, new_size, tree->roots());
}

}  // namespace portcullis::audit
