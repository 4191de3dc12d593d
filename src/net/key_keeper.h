// Keeps every issuer's public keys fresh: background refresh, refetch for an unknown kid, hard
// maximum age.
//
// Runs on the housekeeping io_context; refetch() may be called from any thread. Each issuer is
// isolated from the others. A fetch that fails or hangs keeps the old keys until jwks_age_max, and
// no longer. The cooldown for refetches is stamped before the fetch, so that a slow issuer is not
// asked again meanwhile.
// Standards: OpenID Connect Discovery 1.0 section 4 (the document's issuer must equal ours), RFC
// 7517.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "net/asio.h"
#include "portcullis/identity.h"

namespace boost::asio {
class io_context;
}

namespace portcullis {

class KeyKeeper {
 public:
  // What is new about one issuer; given to `changed` on the housekeeping thread.
  struct Change {
    std::size_t issuer = 0;  // index into identity.issuers
    IssuerKeys keys;
    Digest digest{};  // SHA-256 of the JWKS document
  };
  // False: it could not be recorded. New keys are then tried again; a loss of trust takes effect.
  using Changed = std::function<bool(const Change& change)>;
  KeyKeeper(asio::io_context& io, std::shared_ptr<const Config> config, Changed changed);
  ~KeyKeeper();

  // Starts the background refresh of every issuer without a jwks_file.
  void start();
  // Fetches now, unless the cooldown forbids it; then calls `done` on the housekeeping thread, in
  // any case.
  void refetch(std::size_t issuer, std::function<void()> done);

 private:
  struct Issuer;
  Task<void> keep_fresh(Issuer& issuer);
  Task<void> watch_age(Issuer& issuer);
  Task<void> fetch(Issuer& issuer);
  void expire(Issuer& issuer);

  asio::io_context& io_;
  std::shared_ptr<const Config> config_;
  Changed changed_;
  std::vector<std::unique_ptr<Issuer>> issuers_;
};

struct FetchedKeys {
  std::shared_ptr<const KeySet> keys;
  Digest digest{};  // SHA-256 of the document: tells whether anything changed
};

// One fetch of one issuer's key set: discovery (unless jwks_uri is configured), then the set.
Task<Result<FetchedKeys>> fetch_key_set(const IssuerSection& issuer, const IdentitySection& limits);

}  // namespace portcullis
