// Hashes, MACs, key derivation, randomness and Ed25519, over OpenSSL's EVP interface.
//
// Free functions are safe from any thread. Hmac is confined to one thread at a time.
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

// HMAC-SHA256 (RFC 2104) with a key that is set up once and used many times.
class Hmac {
 public:
  explicit Hmac(ByteView key);
  ~Hmac();
  Hmac(Hmac&&) noexcept;
  Hmac& operator=(Hmac&&) noexcept;
  Digest operator()(ByteView data);
  Digest operator()(std::string_view data) { return (*this)(as_bytes(data)); }

  // The same in pieces: update() any number of times, then finish(), which begins anew.
  void update(ByteView data);
  void update(std::string_view data) { update(as_bytes(data)); }
  Digest finish();

 private:
  friend Digest hmac_sha256(ByteView key, std::string_view data);
  struct State;
  std::unique_ptr<State> state_;
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
