#include <algorithm>
#include <optional>

#include "content/content.h"
#include "content/json_text.h"

namespace portcullis {
namespace {

using Edit = Content::Edit;

tl::unexpected<Denial> refuse(const Text& text, std::string detail) {
  return deny(Reason::unredactable, std::move(detail), text.pointer);
}

// Where the bytes of one text's value stand in the body. Positions must come in ascending order.
class RawMap {
 public:
  static std::optional<RawMap> of(const Content& content, const Text& text) {
    RawMap map;
    map.base_ = text.raw.begin;
    map.raw_ = std::string_view(content.body).substr(text.raw.begin, text.raw.end - map.base_);
    map.cursors_.resize(text.escape_depth);
    for (int layer = 1; layer < text.escape_depth; ++layer) {
      auto next = unescape_json(map.layer(map.decoded_.size()));
      if (!next) return std::nullopt;
      map.decoded_.push_back(std::move(*next));
    }
    return map;
  }

  std::optional<std::size_t> position(std::size_t at) {
    for (std::size_t i = cursors_.size(); i-- > 0;) {
      if (!advance(layer(i), at, cursors_[i])) return std::nullopt;
      at = cursors_[i].raw;
    }
    return base_ + at;
  }

 private:
  // What is left after `rounds` rounds of unescaping.
  std::string_view layer(std::size_t rounds) const {
    return rounds == 0 ? raw_ : std::string_view(decoded_[rounds - 1]);
  }

  std::size_t base_ = 0;
  std::string_view raw_;
  std::vector<std::string> decoded_;  // the last round is not needed
  std::vector<JsonCursor> cursors_;   // one a layer
};

bool is_boundary(std::string_view value, std::size_t at) {
  return at == value.size() || (static_cast<std::uint8_t>(value[at]) & 0xc0) != 0x80;
}

bool contains(const ByteRange& outer, const ByteRange& inner) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

// Finds the text whose replacement a range belongs to: the texts of the JSON inside a string follow
// it, and of those it is the deepest one that holds the range. nullptr if the range touches what
// stands between the strings of inner JSON.
class Innermost {
 public:
  Innermost(const Content& content, std::uint32_t text)
      : content_(content), outer_(content.texts[text]), at_(text + 1) {}

  // Ranges must come in ascending order.
  const Text* find(const ByteRange& range) {
    const Text* found = holds_json_ ? nullptr : &outer_;
    for (std::size_t i = at_; i < content_.texts.size(); ++i) {
      const Text& inner = content_.texts[i];
      if (inner.kind == TextKind::joined) continue;
      if (!contains(outer_.raw, inner.raw)) break;
      holds_json_ = true;
      if (contains(inner.raw, range)) {
        found = &inner;
      } else if (found != nullptr && contains(found->raw, inner.raw)) {
        found = nullptr;
      }
      if (inner.raw.begin > range.begin) break;
      if (inner.raw.end <= range.begin) at_ = i + 1;
    }
    return found;
  }

 private:
  const Content& content_;
  const Text& outer_;
  std::size_t at_;
  bool holds_json_ = false;
};

// Appends the edits for the replacements of one text.
OrDenial<void> add_edits(const Content& content, std::span<const Replacement> replacements,
                         std::vector<Edit>& edits) {
  const std::uint32_t index = replacements.front().text;
  if (index >= content.texts.size()) {
    return deny(Reason::unredactable, "this text is not part of the body");
  }
  const Text& text = content.texts[index];
  auto map =
      text.redactable && text.kind == TextKind::string ? RawMap::of(content, text) : std::nullopt;
  if (!map) return refuse(text, "data that must be redacted stands where nothing may be rewritten");
  Innermost innermost(content, index);
  for (const Replacement& replacement : replacements) {
    const bool in_range =
        replacement.begin <= replacement.end && replacement.end <= text.value.size() &&
        is_boundary(text.value, replacement.begin) && is_boundary(text.value, replacement.end);
    const auto begin = in_range ? map->position(replacement.begin) : std::nullopt;
    const auto end = in_range ? map->position(replacement.end) : std::nullopt;
    if (!begin || !end) {
      return refuse(text, "data that must be redacted cannot be mapped to the body");
    }
    const Text* inner = innermost.find({*begin, *end});
    if (inner == nullptr || !inner->redactable || inner->kind != TextKind::string) {
      return refuse(text, "data that must be redacted is not within one string of inner JSON");
    }
    std::string with = replacement.with;
    for (int layer = 0; layer < inner->escape_depth; ++layer) with = escape_json(with);
    edits.push_back({{*begin, *end}, std::move(with)});
  }
  return {};
}

OrDenial<std::vector<Edit>> edits_of(const Content& content,
                                     std::span<const Replacement> replacements) {
  std::vector<Edit> edits = content.forced;
  while (!replacements.empty()) {
    std::size_t count = 1;
    while (count < replacements.size() && replacements[count].text == replacements[0].text) ++count;
    const auto added = add_edits(content, replacements.first(count), edits);
    if (!added) return tl::unexpected<Denial>(added.error());
    replacements = replacements.subspan(count);
  }
  return edits;
}

}  // namespace

OrDenial<std::string> splice(const Content& content, std::span<const Replacement> replacements) {
  auto edits = edits_of(content, replacements);
  if (!edits) return tl::unexpected<Denial>(std::move(edits.error()));
  std::stable_sort(edits->begin(), edits->end(), [](const Edit& a, const Edit& b) {
    return a.range.begin != b.range.begin ? a.range.begin < b.range.begin
                                          : a.range.end > b.range.end;
  });
  std::string out;
  out.reserve(content.body.size() + 64);
  std::size_t done = 0;
  for (const Edit& edit : *edits) {
    if (edit.range.begin < done) {  // the same bytes again: they are gone already
      done = std::max(done, edit.range.end);
      continue;
    }
    out.append(content.body, done, edit.range.begin - done);
    out += edit.replacement;
    done = edit.range.end;
  }
  out.append(content.body, done);
  return out;
}

}  // namespace portcullis
