#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace portcullis {
namespace {

// INVARIANT: a cryptographic primitive either gives its result or the process ends.
void require(bool good) {
  if (!good) std::abort();
}

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;

struct MdContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using MdContext = std::unique_ptr<EVP_MD_CTX, MdContextDeleter>;

// Fetched once: the one-shot functions look it up by name each time, half the cost of a short
// input.
EVP_MD* sha256_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(algorithm != nullptr);
  return algorithm;
}

}  // namespace

Digest sha256(ByteView data) {
  thread_local const MdContext context(EVP_MD_CTX_new());
  Digest out;
  require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1);
  require(EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1);
  require(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
  return out;
}

Digest sha256(std::string_view data) { return sha256(as_bytes(data)); }

// RFC 2104 over OpenSSL's SHA-256. Its own HMAC looks its digest up by name whenever a key is set:
// several times the cost of the two hashes, and a commitment has a key of its own each time.
struct Hmac::State {
  static constexpr std::size_t block = 64;
  MdContext context{EVP_MD_CTX_new()};
  std::array<std::uint8_t, block> inner{};
  std::array<std::uint8_t, block> outer{};

  ~State() { forget(); }
  void set_key(ByteView key) {
    const Digest hashed = key.size() > block ? sha256(key) : Digest{};
    const ByteView used = key.size() > block ? ByteView(hashed) : key;
    inner.fill(0);
    std::copy(used.begin(), used.end(), inner.begin());
    for (std::size_t i = 0; i < block; ++i) {
      outer[i] = inner[i] ^ 0x5C;
      inner[i] ^= 0x36;
    }
    begin(inner);
  }
  void forget() {
    wipe(inner);
    wipe(outer);
  }
  void begin(ByteView pad) const {
    require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1);
    add(pad);
  }
  void add(ByteView data) const {
    require(EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1);
  }
  Digest end() const {
    Digest out;
    require(EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1);
    return out;
  }
  Digest end_mac() const {
    const Digest hash = end();
    begin(outer);
    add(hash);
    return end();
  }
};

Hmac::Hmac(ByteView key) : state_(std::make_unique<State>()) { state_->set_key(key); }
Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

Digest Hmac::operator()(ByteView data) {
  update(data);
  return finish();
}

void Hmac::update(ByteView data) { state_->add(data); }

Digest Hmac::finish() {
  const Digest out = state_->end_mac();
  state_->begin(state_->inner);
  return out;
}

Digest hmac_sha256(ByteView key, std::string_view data) {
  thread_local Hmac::State state;
  state.set_key(key);
  state.add(as_bytes(data));
  const Digest out = state.end_mac();
  state.forget();
  return out;
}

Digest hkdf_sha256(ByteView key, std::string_view info) {
  // RFC 5869 with an empty salt and one block of output: extract, then T(1).
  const Digest zero_salt{};
  const Digest pseudo_random_key = Hmac(zero_salt)(key);
  std::string block(info);
  block += '\x01';
  return hmac_sha256(pseudo_random_key, block);
}

void random_bytes(std::span<std::uint8_t> out) {
  require(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::span<std::uint8_t> secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

SigningKey SigningKey::generate() {
  EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr);
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  if (pem.empty()) return failure(Cause::invalid, "empty, expected a PEM private key");
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  require(bio != nullptr);
  char no_passphrase[] = "";
  EvpKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase));
  if (key == nullptr) return failure(Cause::invalid, "not a PEM private key (PKCS#8, unencrypted)");
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return failure(Cause::invalid, "not an Ed25519 private key");
  }
  return SigningKey(std::move(key));
}

std::string SigningKey::to_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr);
  require(PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr) == 1);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(length)};
}

PublicKey SigningKey::public_key() const {
  PublicKey out;
  std::size_t length = out.size();
  require(EVP_PKEY_get_raw_public_key(key_.get(), out.data(), &length) == 1);
  return out;
}

Signature SigningKey::sign(std::string_view message) const {
  const MdContext context(EVP_MD_CTX_new());
  Signature out;
  std::size_t length = out.size();
  require(context != nullptr);
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  const ByteView bytes = as_bytes(message);
  require(EVP_DigestSign(context.get(), out.data(), &length, bytes.data(), bytes.size()) == 1);
  return out;
}

bool verify_ed25519(const PublicKey& key, std::string_view message, const Signature& signature) {
  const EvpKey public_key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
  if (public_key == nullptr) return false;
  const MdContext context(EVP_MD_CTX_new());
  require(context != nullptr);
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, public_key.get()) != 1) {
    return false;
  }
  const ByteView bytes = as_bytes(message);
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(),
                          bytes.size()) == 1;
}

}  // namespace portcullis
