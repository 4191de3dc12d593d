// Issues access tokens: a key pair, its public JWK, and compact JWS made with it.
//
// For `portcullis demo`, whose embedded identity provider is this and a claims object, and for the
// tests. The daemon never signs a token. No checks of what is signed: tests sign nonsense.
// Thread-safety: a JwsSigningKey is immutable; signing with one key from several threads is safe.
// Failures inside OpenSSL for these fixed algorithms cannot happen in a working process: they
// abort.
#pragma once

#include <string>
#include <string_view>

#include "base/crypto.h"
#include "identity/verification_key.h"

namespace portcullis {

class JwsSigningKey {
 public:
  // RSA of 2048 bits or P-256.
  static JwsSigningKey generate(JwsAlgorithm algorithm, std::string key_id);

  JwsAlgorithm algorithm() const { return algorithm_; }
  const std::string& key_id() const { return key_id_; }
  // The JWK with kid, alg and use; a key set is {"keys":[...]} around it.
  std::string public_jwk() const;
  // RS256: as long as the modulus. ES256: r and s, 64 bytes.
  Bytes sign(std::string_view signing_input) const;

 private:
  JwsSigningKey(EvpKey key, JwsAlgorithm algorithm, std::string key_id)
      : key_(std::move(key)), algorithm_(algorithm), key_id_(std::move(key_id)) {}
  EvpKey key_;
  JwsAlgorithm algorithm_;
  std::string key_id_;
};

// Signs these very bytes as header and payload.
struct JwsContent {
  std::string_view header;  // JSON
  std::string_view claims;  // JSON
};
std::string sign_compact_jws(const JwsContent& content, const JwsSigningKey& key);

// An access token (RFC 9068): header {"alg", "kid", "typ": "at+jwt"} over these claims.
std::string sign_access_token(std::string_view claims, const JwsSigningKey& key);

}  // namespace portcullis
