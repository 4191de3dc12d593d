#include "enforce/data_items.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace portcullis {
namespace {

constexpr std::size_t where_max = 16;

bool crosses_seam(const Text& text, const Finding& finding) {
  const auto seam = std::upper_bound(text.seams.begin(), text.seams.end(), finding.begin);
  return seam != text.seams.end() && *seam < finding.end;
}

auto place(const Finding& finding) {
  return std::tie(finding.text, finding.begin, finding.end, finding.type);
}

// Where a finding stands in the text before, which has nothing at its seams.
Finding closed_up(const Text& text, Finding finding) {
  const auto seams_to = [&](std::uint32_t offset) {
    const auto after = std::upper_bound(text.seams.begin(), text.seams.end(), offset);
    return static_cast<std::uint32_t>(after - text.seams.begin()) * text.seam_bytes;
  };
  --finding.text;
  finding.begin -= seams_to(finding.begin);
  finding.end -= seams_to(finding.end - 1);
  return finding;
}

bool is_redactable(const Text& text) { return text.redactable && text.kind != TextKind::joined; }

DataItem item_of(const Text& text, const Finding& finding) {
  return DataItem{std::string(finding.type),
                  {std::string(finding.data_class)},
                  finding.confidence,
                  1,
                  is_redactable(text)};
}

auto order(const DataItem& item) {
  return std::tie(item.type, item.classes, item.confidence, item.redactable);
}

}  // namespace

void drop_repeated_findings(std::span<const Text> texts, Findings& findings) {
  std::vector<Finding> kept;  // stays ordered by place
  kept.reserve(findings.findings.size());
  const auto is_repeated = [&](const Text& text, const Finding& finding) {
    if (!crosses_seam(text, finding)) return true;
    if (text.seam_bytes == 0) return false;
    const Finding same = closed_up(text, finding);
    const auto at =
        std::lower_bound(kept.begin(), kept.end(), same,
                         [](const auto& a, const auto& b) { return place(a) < place(b); });
    return at != kept.end() && place(*at) == place(same) && at->confidence >= same.confidence;
  };
  for (const Finding& finding : findings.findings) {
    const Text& text = texts[finding.text];
    if (text.kind == TextKind::joined && is_repeated(text, finding)) continue;
    kept.push_back(finding);
  }
  findings.findings = std::move(kept);
}

std::vector<DataItem> data_items(std::span<const Text> texts, const Findings& findings,
                                 std::span<const Unscanned> unscanned) {
  std::vector<DataItem> all;
  for (const Finding& finding : findings.findings) {
    all.push_back(item_of(texts[finding.text], finding));
  }
  for (const Unscanned& part : unscanned) {
    const std::string type = "unscanned." + part.what;
    all.push_back(DataItem{type, {type}, Confidence::high, 1, false});
  }
  std::sort(all.begin(), all.end(),
            [](const DataItem& a, const DataItem& b) { return order(a) < order(b); });
  std::vector<DataItem> items;
  for (DataItem& item : all) {
    if (!items.empty() && order(items.back()) == order(item)) {
      ++items.back().count;
    } else {
      items.push_back(std::move(item));
    }
  }
  return items;
}

std::vector<FindingSummary> summarise(std::span<const Text> texts, const Findings& findings) {
  struct Row {
    FindingSummary summary;
    const std::string* last = nullptr;  // the place of the finding before
  };
  std::map<std::tuple<std::string_view, std::string_view, Confidence>, Row> rows;
  for (const Finding& finding : findings.findings) {
    auto& [row, last] = rows[{finding.type, finding.data_class, finding.confidence}];
    row.type = finding.type;
    row.data_class = finding.data_class;
    row.confidence = finding.confidence;
    ++row.count;
    const std::string& pointer = texts[finding.text].pointer;
    if (last != nullptr && *last == pointer) continue;
    last = &pointer;
    if (row.where.size() < where_max) {
      row.where.push_back(pointer);
    } else {
      ++row.more;
    }
  }
  std::vector<FindingSummary> out;
  out.reserve(rows.size());
  for (auto& [key, row] : rows) out.push_back(std::move(row.summary));
  return out;
}

std::vector<Replacement> replacements(std::span<const Text> texts, const Findings& findings,
                                      const std::vector<Obligation>& obligations) {
  struct Span {
    Finding finding;
    bool surer(const Span& other) const { return finding.confidence > other.finding.confidence; }
  };
  std::vector<Span> spans;  // ordered as the findings are: by text, then begin
  for (const Finding& finding : findings.findings) {
    if (!is_redacted(item_of(texts[finding.text], finding), obligations)) continue;
    const Span next{finding};
    const bool overlaps = !spans.empty() && spans.back().finding.text == finding.text &&
                          finding.begin < spans.back().finding.end;
    if (!overlaps) {
      spans.push_back(next);
      continue;
    }
    Span& last = spans.back();
    const std::uint32_t begin = last.finding.begin;
    const std::uint32_t end = std::max(last.finding.end, finding.end);
    if (next.surer(last)) last = next;
    last.finding.begin = begin;
    last.finding.end = end;
  }
  std::vector<Replacement> out;
  out.reserve(spans.size());
  for (const Span& span : spans) {
    const Finding& finding = span.finding;
    out.push_back({finding.text, finding.begin, finding.end, redaction_token(finding.type)});
  }
  return out;
}

}  // namespace portcullis
