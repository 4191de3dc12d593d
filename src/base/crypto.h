// Hashes, MACs, key derivation, randomness and Ed25519, over OpenSSL's EVP interface.
//
// Safe from any thread, but for RunningHmac, which is confined to one at a time.
// Failures inside OpenSSL for these fixed algorithms cannot happen in a working process: they
// abort, so that no caller can go on with an unhashed or unsigned value.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis {

using ByteView = std::span<const std::uint8_t>;

struct EvpKeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using EvpKey = std::unique_ptr<EVP_PKEY, EvpKeyDeleter>;

Digest sha256(ByteView data);
Digest sha256(std::string_view data);

struct MdContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using MdContext = std::unique_ptr<EVP_MD_CTX, MdContextDeleter>;

// HMAC-SHA256 (RFC 2104) with a key that is set up once and used many times. Immutable: safe from
// any thread.
class Hmac {
 public:
  explicit Hmac(ByteView key);
  Digest operator()(ByteView data) const;
  Digest operator()(std::string_view data) const { return (*this)(as_bytes(data)); }

 private:
  MdContext inner_;
  MdContext outer_;
};

// The same for one message that comes in pieces: update() any number of times, finish() once.
class RunningHmac {
 public:
  explicit RunningHmac(ByteView key);
  ~RunningHmac();
  RunningHmac(const RunningHmac&) = delete;
  RunningHmac& operator=(const RunningHmac&) = delete;
  void update(std::string_view data);
  Digest finish();

 private:
  MdContext context_;
  std::array<std::uint8_t, 64> outer_{};
};
Digest hmac_sha256(ByteView key, std::string_view data);

// HKDF-SHA256 (RFC 5869), empty salt, 32 bytes of output.
Digest hkdf_sha256(ByteView key, std::string_view info);

// Fills with bytes from the operating system's generator.
void random_bytes(std::span<std::uint8_t> out);

bool equal_constant_time(ByteView a, ByteView b);
// Overwrites memory in a way that the compiler may not remove.
void wipe(std::span<std::uint8_t> secret);

using Signature = std::array<std::uint8_t, 64>;
using PublicKey = std::array<std::uint8_t, 32>;

// Ed25519 (RFC 8032). The private key never leaves the object.
class SigningKey {
 public:
  static SigningKey generate();
  static Result<SigningKey> from_pem(std::string_view pem);  // PKCS#8
  std::string to_pem() const;
  PublicKey public_key() const;
  Signature sign(std::string_view message) const;

 private:
  explicit SigningKey(EvpKey key) : key_(std::move(key)) {}
  EvpKey key_;
};
bool verify_ed25519(const PublicKey& key, std::string_view message, const Signature& signature);

}  // namespace portcullis
