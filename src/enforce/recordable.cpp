#include "enforce/recordable.h"

#include <algorithm>
#include <array>
#include <set>
#include <unordered_set>
#include <vector>

namespace portcullis {
namespace {

constexpr std::size_t bytes_max = 128;

constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (const char c :
       std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "._:/@+-")) {
    plain[static_cast<unsigned char>(c)] = true;
  }
  return plain;
}
constexpr std::array<bool, 256> plain_bytes = make_plain_bytes();

bool is_plain(std::string_view text) {
  return text.size() <= bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
           return plain_bytes[static_cast<unsigned char>(c)];
         });
}

// The same few client ids, key ids, models and hosts come with nearly every request.
class KnownClean {
 public:
  explicit KnownClean(const Digest& classifier) : classifier_(classifier) {}
  bool is_of(const Digest& classifier) const { return classifier_ == classifier; }
  bool contains(const std::string& text) const { return texts_.contains(text); }
  void insert(const std::string& text) {
    if (texts_.size() >= texts_max) texts_.clear();
    texts_.insert(text);
  }

 private:
  static constexpr std::size_t texts_max = 1024;  // of at most bytes_max
  Digest classifier_;
  std::unordered_set<std::string> texts_;
};

KnownClean& known_clean(const Digest& classifier) {
  thread_local KnownClean known{classifier};
  if (!known.is_of(classifier)) known = KnownClean(classifier);
  return known;
}

}  // namespace

void make_recordable(std::span<std::string* const> texts, Scanner& scanner,
                     const EvidenceKey& key) {
  KnownClean& known = known_clean(scanner.classifier().digest());
  std::vector<std::string*> plain;
  std::vector<Text> to_scan;
  for (std::string* text : texts) {
    if (text->empty() || known.contains(*text)) continue;
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
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (dirty.contains(i)) {
      *plain[i] = key.stand_in(*plain[i]);
    } else {
      known.insert(*plain[i]);
    }
  }
}

void make_recordable(std::string& text, Scanner& scanner, const EvidenceKey& key) {
  std::string* const one = &text;
  make_recordable({&one, 1}, scanner, key);
}

}  // namespace portcullis
