// The first steps of an exchange: which route, which person, which endpoint.
//
// Pure over their arguments, but for the TokenCache, which belongs to the calling worker. Each
// returns a Denial that the exchange records like any other.
#pragma once

#include <string>
#include <string_view>

#include "base/crypto.h"
#include "enforce/inquiry.h"

namespace portcullis {

// Sets route and upstream. Reason::path_unknown if no route matches.
OrDenial<void> find_route(Inquiry& inquiry);

// A token as it came, and the SHA-256 of the whole of it, under which verified tokens are kept.
// Views the text that it was made of.
class PresentedToken {
 public:
  explicit PresentedToken(std::string_view text) : text_(text), digest_(sha256(text)) {}
  std::string_view text() const { return text_; }
  const Digest& digest() const { return digest_; }

 private:
  std::string_view text_;
  Digest digest_;
};

// The caller's token in the route's identity header. Views inquiry.head. Reason::token_missing,
// token_malformed (not a bearer token), token_too_large.
OrDenial<PresentedToken> find_token(const Inquiry& inquiry);

// Verifies the token, from the cache if it was verified before with the same keys, and resolves the
// person anew. Sets inquiry.who. Reason::token_key_unknown and issuer_unavailable: fresh keys may
// help.
OrDenial<void> identify(Inquiry& inquiry, const PresentedToken& token, TokenCache& cache);

// Whether identify() will find the token's signature verified already.
bool is_cached(const Inquiry& inquiry, const PresentedToken& token, TokenCache& cache);

// Sets endpoint; checks the media type of a body. Reason::path_unknown, method_not_allowed,
// media_type_unsupported.
OrDenial<void> admit(Inquiry& inquiry);

// Whether the directory of people is older than identity.directory.age_max allows. `now`: Unix
// seconds.
bool is_directory_stale(const Snapshot& snapshot, std::int64_t now);

// The source network that limits count by: /24 of an IPv4 address, /48 of an IPv6 one.
std::string source_network(std::string_view address);

}  // namespace portcullis
