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

// Fetched once: the one-shot functions look it up by name each time, half the cost of a short
// input.
EVP_MD* sha256_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(algorithm != nullptr);
  return algorithm;
}

MdContext new_context() {
  MdContext context(EVP_MD_CTX_new());
  require(context != nullptr);
  return context;
}

// To begin from: a copy costs a third less than EVP_DigestInit_ex2, which asks whether an engine
// wants the work, frees what the context had and allocates it again.
const EVP_MD_CTX* empty_hash() {
  static const EVP_MD_CTX* const empty = [] {
    MdContext context = new_context();
    require(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1);
    return context.release();
  }();
  return empty;
}

// One for each thread, for what begins and ends in one call.
EVP_MD_CTX* scratch() {
  thread_local const MdContext context = new_context();
  return context.get();
}

void begin(EVP_MD_CTX* context, const EVP_MD_CTX* from) {
  require(EVP_MD_CTX_copy_ex(context, from) == 1);
}

void add(EVP_MD_CTX* context, ByteView data) {
  require(EVP_DigestUpdate(context, data.data(), data.size()) == 1);
}

Digest end(EVP_MD_CTX* context) {
  Digest out;
  require(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
  return out;
}

// The key as both hashes of an HMAC begin with it.
struct Pads {
  std::array<std::uint8_t, 64> inner{};
  std::array<std::uint8_t, 64> outer{};

  explicit Pads(ByteView key) {
    const Digest hashed = key.size() > inner.size() ? sha256(key) : Digest{};
    const ByteView used = key.size() > inner.size() ? ByteView(hashed) : key;
    std::copy(used.begin(), used.end(), inner.begin());
    for (std::size_t i = 0; i < inner.size(); ++i) {
      outer[i] = inner[i] ^ 0x5C;
      inner[i] ^= 0x36;
    }
  }
  ~Pads() {
    wipe(inner);
    wipe(outer);
  }
};

MdContext hash_of(ByteView pad) {
  MdContext context = new_context();
  begin(context.get(), empty_hash());
  add(context.get(), pad);
  return context;
}

}  // namespace

Digest sha256(ByteView data) {
  begin(scratch(), empty_hash());
  add(scratch(), data);
  return end(scratch());
}

Digest sha256(std::string_view data) { return sha256(as_bytes(data)); }

// RFC 2104 over OpenSSL's SHA-256. Its own HMAC looks its digest up by name whenever a key is set:
// several times the cost of the two hashes, and a commitment has a key of its own each time.
Hmac::Hmac(ByteView key) {
  const Pads pads(key);
  inner_ = hash_of(pads.inner);
  outer_ = hash_of(pads.outer);
}

Digest Hmac::operator()(ByteView data) const {
  begin(scratch(), inner_.get());
  add(scratch(), data);
  const Digest hash = end(scratch());
  begin(scratch(), outer_.get());
  add(scratch(), hash);
  return end(scratch());
}

RunningHmac::RunningHmac(ByteView key) {
  const Pads pads(key);
  context_ = hash_of(pads.inner);
  outer_ = pads.outer;
}

RunningHmac::~RunningHmac() { wipe(outer_); }

void RunningHmac::update(std::string_view data) { add(context_.get(), as_bytes(data)); }

Digest RunningHmac::finish() {
  const Digest hash = end(context_.get());
  begin(context_.get(), empty_hash());
  add(context_.get(), outer_);
  add(context_.get(), hash);
  return end(context_.get());
}

Digest hmac_sha256(ByteView key, std::string_view data) {
  const Pads pads(key);
  begin(scratch(), empty_hash());
  add(scratch(), pads.inner);
  add(scratch(), as_bytes(data));
  const Digest hash = end(scratch());
  begin(scratch(), empty_hash());
  add(scratch(), pads.outer);
  add(scratch(), hash);
  return end(scratch());
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
