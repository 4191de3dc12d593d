#include <algorithm>
#include <cstring>
#include <list>
#include <unordered_map>
#include <utility>

#include "portcullis/identity.h"

namespace portcullis {
namespace {

struct Entry {
  VerifiedToken token;
  IssuerKeys
      keys;  // that it was verified with; holding the set keeps its address from being reused
};

bool same_keys(const IssuerKeys& a, const IssuerKeys& b) {
  return a.keys == b.keys && a.generation == b.generation;
}

// The key is a SHA-256 already: any eight of its bytes are a hash.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t out = 0;
    std::memcpy(&out, digest.data(), sizeof out);
    return out;
  }
};

}  // namespace

struct TokenCache::Entries {
  std::size_t entries_max = 0;
  std::list<Entry> recent;  // the most recently used first
  std::unordered_map<Digest, std::list<Entry>::iterator, DigestHash> by_digest;

  void erase(std::list<Entry>::iterator entry) {
    by_digest.erase(entry->token.evidence.digest);
    recent.erase(entry);
  }
};

TokenCache::TokenCache(std::size_t entries_max) : entries_(std::make_unique<Entries>()) {
  entries_->entries_max = std::max<std::size_t>(entries_max, 1);
}
TokenCache::~TokenCache() = default;

const VerifiedToken* TokenCache::find(const Digest& token_digest,
                                      const std::vector<IssuerKeys>& keys) {
  const auto found = entries_->by_digest.find(token_digest);
  if (found == entries_->by_digest.end()) return nullptr;
  const auto entry = found->second;
  const std::size_t issuer = entry->token.issuer;
  if (issuer >= keys.size() || !keys[issuer].usable || !same_keys(keys[issuer], entry->keys)) {
    entries_->erase(entry);
    return nullptr;
  }
  entries_->recent.splice(entries_->recent.begin(), entries_->recent, entry);
  return &entry->token;
}

void TokenCache::put(const VerifiedToken& token, const std::vector<IssuerKeys>& keys) {
  if (token.issuer >= keys.size()) return;
  if (const auto old = entries_->by_digest.find(token.evidence.digest);
      old != entries_->by_digest.end()) {
    entries_->erase(old->second);
  }
  if (entries_->recent.size() >= entries_->entries_max) {
    entries_->erase(std::prev(entries_->recent.end()));
  }
  entries_->recent.push_front({token, keys[token.issuer]});
  entries_->by_digest.emplace(token.evidence.digest, entries_->recent.begin());
}

}  // namespace portcullis
