// K_0 for the auditors: RSA-OAEP-SHA256 (RFC 8017, MGF1 with SHA-256, empty label) to their public
// key, at least 3072 bits.
//
// Immutable once loaded; safe from any thread.
#pragma once

#include <string>

#include "base/crypto.h"
#include "base/encoding.h"
#include "portcullis/result.h"

namespace portcullis::audit {

inline constexpr int escrow_bits_min = 3072;

class EscrowPublicKey {
 public:
  static Result<EscrowPublicKey> from_pem(const std::string& pem, const std::string& path);
  Result<Bytes> wrap(const Digest& key) const;
  Digest fingerprint() const;  // SHA-256 of the SPKI in DER

 private:
  explicit EscrowPublicKey(EvpKey key) : key_(std::move(key)) {}
  EvpKey key_;
};

class EscrowPrivateKey {
 public:
  static Result<EscrowPrivateKey> generate();
  static Result<EscrowPrivateKey> from_pem(const std::string& pem, const std::string& path);
  Result<Digest> unwrap(const Bytes& wrapped) const;
  Result<std::string> private_pem() const;  // PKCS#8
  Result<std::string> public_pem() const;   // SPKI

 private:
  explicit EscrowPrivateKey(EvpKey key) : key_(std::move(key)) {}
  EvpKey key_;
};

}  // namespace portcullis::audit
