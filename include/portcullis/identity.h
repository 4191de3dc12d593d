// Identity: from a compact JWS access token to a natural person, as a strict resource server.
//
// Standards: RFC 7515 (JWS), 7517 (JWK), 7518 (algorithms), 7519 (JWT), 9068 (access tokens), 8725
// (best current practice). Fetching keys is done elsewhere: everything here is pure over its
// arguments.
//
// Thread-safety: KeySet, Directory and IdentityRules are immutable and may be shared. TokenCache is
// confined to one thread.
// Errors: a Denial with a token_*, issuer_*, directory_* or subject_* reason; its detail never
// holds a part of the token.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis {

enum class IdentityProfile : std::uint8_t { generic, keycloak };
std::optional<IdentityProfile> identity_profile_from_name(std::string_view name);
std::string_view identity_profile_name(IdentityProfile profile);

// The algorithms of this version, and the only ones: an asymmetric signature each.
inline constexpr std::string_view supported_algorithms[] = {"RS256", "ES256"};

struct IssuerRules {
  std::string issuer;  // `iss`, compared exactly
  IdentityProfile profile = IdentityProfile::generic;
  std::vector<std::string> audience;  // one of them must be in `aud`; never empty
  std::vector<std::string> algorithms = {"RS256", "ES256"};
  std::vector<std::string> clients;  // allow-list for azp/client_id; empty: any
  std::vector<std::string> types = {
      "at+jwt", "JWT"};  // accepted `typ`, ASCII case-insensitive, with or without "application/"
  std::int64_t lifetime_max_s = 86400;  // exp - iat
  // Where subject.groups comes from. Empty: the directory. Else the name of this issuer's claim.
  std::string groups_claim;
};

struct ClientEntry {
  std::string id;
  std::string kind;  // interactive, agent, batch
  std::string purpose;
  std::string owner;
};

struct IdentityRules {
  std::vector<IssuerRules> issuers;
  std::vector<ClientEntry> clients;
  std::int64_t clock_skew_s = 60;
  std::size_t token_bytes_max = 16384;
};

// The public keys of one issuer (RFC 7517). Keys that are unfit (wrong use, RSA below 2048 bits,
// unknown curve) are left out; a duplicate `kid`, or no fit key at all, makes the whole set an
// error.
class KeySet {
 public:
  static Result<std::shared_ptr<const KeySet>> parse(std::string_view jwks_json);
  ~KeySet();
  bool contains(std::string_view key_id) const;
  std::size_t size() const;
  // Why each key that was left out is unfit: "keys[1]: RSA of 1024 bits". For the operator.
  const std::vector<std::string>& left_out() const;

  struct Keys;  // src/identity only
  explicit KeySet(std::unique_ptr<const Keys> keys);
  const Keys& keys() const { return *keys_; }

 private:
  std::unique_ptr<const Keys> keys_;
};

// What is known of one issuer's keys at this moment.
struct IssuerKeys {
  std::shared_ptr<const KeySet> keys;  // nullptr: none were ever had
  std::uint64_t generation = 0;        // rises with every change of `keys`
  bool usable = false;                 // false: never fetched, or older than the hard maximum age
};

// The people who may be behind a token, their identities, groups and employment.
class Directory {
 public:
  struct Person {
    std::string id;
    bool active = true;
    std::optional<std::vector<std::string>> groups;
    std::optional<std::string> employment;
    std::optional<std::int64_t> contract_end;
    std::optional<bool> guest;
  };
  // Strict YAML; errors are "file:line:column: ...", all of them. A duplicate id or identity is an
  // error.
  static tl::expected<std::shared_ptr<const Directory>, std::vector<std::string>> load(
      std::string_view text, const std::string& file);
  ~Directory();
  // nullptr: nobody here has that identity.
  const Person* find(std::string_view issuer, std::string_view key) const;
  std::size_t size() const;
  const Digest& digest() const;  // SHA-256 of the source bytes

 private:
  struct People;
  explicit Directory(std::unique_ptr<const People> people);
  std::unique_ptr<const People> people_;
};

// A token whose signature is right. Nothing else of it has been judged yet.
struct VerifiedToken {
  std::size_t issuer = 0;  // index into IdentityRules::issuers
  TokenEvidence evidence;
  struct Claims;  // src/identity only: the payload, parsed once, however often it is resolved
  std::shared_ptr<const Claims> claims;
};

// Reads `iss` and `kid` without trusting them, only to find the keys to verify with.
struct TokenHint {
  std::size_t issuer = 0;  // index into IdentityRules::issuers
  std::string key_id;
};
OrDenial<TokenHint> peek_token(std::string_view token, const IdentityRules& rules);

// Verifies form, algorithm and signature. Reason::token_key_unknown means that a refetch of that
// issuer's keys may help; Reason::issuer_unavailable, that there are none to verify with.
OrDenial<VerifiedToken> verify_token(std::string_view token, const IdentityRules& rules,
                                     const std::vector<IssuerKeys>& keys);

// Judges time, audience, client, type and binding, and resolves the person. `directory` may be
// null: then the profile's positive sign must establish the person. Done again on every use of a
// cached token.
OrDenial<Identified> resolve_subject(const VerifiedToken& token, const IdentityRules& rules,
                                     const Directory* directory, std::int64_t now);

// Verified signatures, keyed by the SHA-256 of the whole token. An entry is good only for the very
// key set (object and generation) that it was verified with. Bounded; the least recently used goes
// first. Start a new one when an issuer's `algorithms` change: nothing else outlives a reload.
class TokenCache {
 public:
  explicit TokenCache(std::size_t entries_max);  // at least 1
  ~TokenCache();
  // nullptr: not there, verified with other keys, or the keys are not usable any more. Valid until
  // the next call.
  const VerifiedToken* find(const Digest& token_digest, const std::vector<IssuerKeys>& keys);
  void put(const VerifiedToken& token, const std::vector<IssuerKeys>& keys);

 private:
  struct Entries;
  std::unique_ptr<Entries> entries_;
};

}  // namespace portcullis
