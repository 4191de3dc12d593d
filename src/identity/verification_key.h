// One public key that may verify tokens, and the two signature algorithms of this version.
//
// Standards: RFC 7517 (JWK), RFC 7518 section 3.3 (RS256), 3.4 (ES256), 6.2 and 6.3 (parameters).
// Thread-safety: a VerificationKey is immutable after construction and may be shared; OpenSSL
// allows any number of threads to verify with one key.
// Errors: a key that may not be used is an Error that says why; a wrong signature is false.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis {

enum class JwsAlgorithm : std::uint8_t { rs256, es256 };
std::optional<JwsAlgorithm> jws_algorithm_from_name(std::string_view name);
std::string_view jws_algorithm_name(JwsAlgorithm algorithm);

// INVARIANT: `key` is an RSA key for rs256 and a P-256 key for es256; a key has one algorithm, so
// that no token can choose another for it.
struct VerificationKey {
  EvpKey key;
  JwsAlgorithm algorithm = JwsAlgorithm::rs256;
};

// A JWK that is fit to verify: kty and crv of a supported algorithm, `alg` absent or exactly that
// algorithm, `use` absent or "sig", `key_ops` absent or with "verify", no private members. RSA of
// 2048 to 8192 bits with an odd exponent from 65537 to 2^32 - 1; P-256 with a point on the curve.
Result<VerificationKey> read_verification_key(const nlohmann::json& jwk);

// RS256: as long as the modulus. ES256: exactly 64 bytes, r and s from 1 to the order less one.
bool verify_signature(const VerificationKey& key, std::string_view signing_input,
                      ByteView signature);

}  // namespace portcullis
