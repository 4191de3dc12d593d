#include "enforce/recordable.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

namespace portcullis {
namespace {

bool is_plain(std::string_view text) {
  constexpr std::string_view others = "._:/@+-";
  return text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != others.npos;
         });
}

}  // namespace

void make_recordable(std::span<std::string* const> texts, Scanner& scanner,
                     const EvidenceKey& key) {
  std::vector<std::string*> plain;
  std::vector<Text> to_scan;
  for (std::string* text : texts) {
    if (text->empty()) continue;
    if (!is_plain(*text)) {
      *text = key.stand_in(*text);
      continue;
    }
    plain.push_back(text);
    to_scan.push_back(Text{.value = *text});
  }
  if (to_scan.empty()) return;
  const OrDenial<Findings> found = scanner.scan(to_scan);
  std::set<std::size_t> dirty;
  if (found && found->unscanned.empty()) {
    for (const Finding& finding : found->findings) dirty.insert(finding.text);
  } else {
    for (std::size_t i = 0; i < plain.size(); ++i) dirty.insert(i);
  }
  for (const std::size_t index : dirty) *plain[index] = key.stand_in(*plain[index]);
}

void make_recordable(std::string& text, Scanner& scanner, const EvidenceKey& key) {
  std::string* const one = &text;
  make_recordable({&one, 1}, scanner, key);
}

}  // namespace portcullis
