#include "audit/approval.h"

#include <algorithm>
#include <array>
#include <optional>

#include "audit/note.h"
#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view title = "portcullis approval v1\n";
constexpr std::string_view key_name = "approver";

struct Verb {
  std::string_view word;
  std::vector<SeqRange> Approval::*ranges;
};
constexpr std::array<Verb, 3> verbs = {{{"drop ", &Approval::drop},
                                        {"erase ", &Approval::erase},
                                        {"acknowledge ", &Approval::acknowledge}}};

struct Item {
  std::string_view word;
  SeqRange range;
};

std::vector<Item> items_of(const Approval& approval) {
  std::vector<Item> items;
  for (const Verb& verb : verbs) {
    for (const SeqRange& range : approval.*(verb.ranges)) items.push_back({verb.word, range});
  }
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.range.first < b.range.first; });
  return items;
}

bool follows(const SeqRange& range, const std::optional<SeqRange>& before) {
  return range.first <= range.last && range.last <= integer_max &&
         (!before || before->last < range.first);
}

std::optional<std::uint64_t> take_number(std::string_view& line, char end) {
  const auto number = take_integer(line);
  if (!number || !line.starts_with(end)) return std::nullopt;
  line.remove_prefix(1);
  return number;
}

// One line, with its line feed; false if it is not in form or not after the one before.
bool take_item(std::string_view line, Approval& approval, std::optional<SeqRange>& before) {
  for (const Verb& verb : verbs) {
    if (!line.starts_with(verb.word)) continue;
    line.remove_prefix(verb.word.size());
    const auto first = take_number(line, ' ');
    const auto last = take_number(line, '\n');
    if (!first || !last || !line.empty()) return false;
    const SeqRange range{*first, *last};
    if (!follows(range, before)) return false;
    (approval.*(verb.ranges)).push_back(range);
    before = range;
    return true;
  }
  return false;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n') + 1);
  text.remove_prefix(line.size());
  return line;
}

std::optional<Approval> parse_text(std::string_view text) {
  if (take_line(text) != title) return std::nullopt;
  Approval approval;
  approval.origin = take_line(text);
  if (approval.origin.size() < 2 || text.empty()) return std::nullopt;
  approval.origin.pop_back();
  std::optional<SeqRange> before;
  while (!text.empty()) {
    if (!take_item(take_line(text), approval, before)) return std::nullopt;
  }
  return approval;
}

}  // namespace

bool any_contains(const std::vector<SeqRange>& ranges, std::uint64_t seq) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), seq,
                       [](std::uint64_t value, const SeqRange& r) { return value < r.first; });
  return after != ranges.begin() && std::prev(after)->contains(seq);
}

Result<std::string> sign_approval(const Approval& approval, const SigningKey& approver) {
  std::string text = std::string(title) + approval.origin + '\n';
  std::optional<SeqRange> before;
  for (const Item& item : items_of(approval)) {
    if (!follows(item.range, before)) {
      return failure(Cause::invalid, "the range " + std::to_string(item.range.first) + "-" +
                                         std::to_string(item.range.last) +
                                         " is backwards or overlaps another");
    }
    before = item.range;
    text += std::string(item.word) + std::to_string(item.range.first) + ' ' +
            std::to_string(item.range.last) + '\n';
  }
  if (!parse_text(text)) {
    return failure(Cause::invalid,
                   "an approval needs an origin of one line and at least one range");
  }
  const NoteKey key{key_name, NoteAlgorithm::ed25519, approver.public_key()};
  std::string note = text + '\n' + note_signature_line(key, approver.sign(text));
  if (note.size() > approval_bytes_max) {
    return failure(Cause::limit, "too many ranges for one approval: make several");
  }
  return note;
}

Result<Approval> open_approval(std::string_view note, const PublicKey& approver) {
  if (note.size() > approval_bytes_max) {
    return failure(Cause::limit, "the approval is too long");
  }
  const auto parsed = parse_note(note);
  if (!parsed)
    return failure(parsed.error().cause, "the approval is not in form: " + parsed.error().message);
  auto approval = parse_text(parsed->text);
  if (!approval) return failure(Cause::invalid, "the approval's text is not in form");
  if (!is_signed_once(*parsed, {key_name, NoteAlgorithm::ed25519, approver})) {
    return failure(Cause::untrusted, "the approval is not signed by the approver's key");
  }
  return *std::move(approval);
}

}  // namespace portcullis::audit
