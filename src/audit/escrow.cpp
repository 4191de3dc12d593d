#include "audit/escrow.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>

namespace portcullis::audit {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;

bool set_oaep(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
}

Result<void> check_rsa(const EVP_PKEY* key, const std::string& path) {
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
    return failure(Cause::invalid, path + " is not an RSA key of the expected kind in PEM");
  }
  if (EVP_PKEY_get_bits(key) < escrow_bits_min) {
    return failure(Cause::invalid, path + ": an escrow key needs at least " +
                                       std::to_string(escrow_bits_min) + " bits");
  }
  return {};
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(length)};
}

}  // namespace

Result<EscrowPublicKey> EscrowPublicKey::from_pem(const std::string& pem, const std::string& path) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EvpKey key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (auto good = check_rsa(key.get(), path); !good) return tl::unexpected(good.error());
  return EscrowPublicKey(std::move(key));
}

Result<Bytes> EscrowPublicKey::wrap(const Digest& key) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t length = out.size();
  if (!context || EVP_PKEY_encrypt_init(context.get()) != 1 || !set_oaep(context.get()) ||
      EVP_PKEY_encrypt(context.get(), out.data(), &length, key.data(), key.size()) != 1) {
    return failure(Cause::internal, "cannot wrap the stream's key to the escrow key");
  }
  out.resize(length);
  return out;
}

Digest EscrowPublicKey::fingerprint() const {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key_.get(), &der);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(
      der, [](unsigned char* bytes) { OPENSSL_free(bytes); });
  return sha256(ByteView(der, length > 0 ? static_cast<std::size_t>(length) : 0));
}

Result<EscrowPrivateKey> EscrowPrivateKey::generate() {
  EvpKey key(EVP_RSA_gen(escrow_bits_min));
  if (key == nullptr) return failure(Cause::internal, "cannot generate an RSA key");
  return EscrowPrivateKey(std::move(key));
}

Result<EscrowPrivateKey> EscrowPrivateKey::from_pem(const std::string& pem,
                                                    const std::string& path) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  char no_passphrase[] = "";
  EvpKey key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase) : nullptr);
  if (auto good = check_rsa(key.get(), path); !good) return tl::unexpected(good.error());
  return EscrowPrivateKey(std::move(key));
}

Result<Digest> EscrowPrivateKey::unwrap(const Bytes& wrapped) const {
  const Context context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
  std::size_t length = out.size();
  if (!context || EVP_PKEY_decrypt_init(context.get()) != 1 || !set_oaep(context.get()) ||
      EVP_PKEY_decrypt(context.get(), out.data(), &length, wrapped.data(), wrapped.size()) != 1 ||
      length != sizeof(Digest)) {
    return failure(Cause::untrusted, "the escrow key does not open this stream's wrapped key");
  }
  Digest key;
  std::copy_n(out.begin(), key.size(), key.begin());
  wipe(out);
  return key;
}

Result<std::string> EscrowPrivateKey::private_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1) {
    return failure(Cause::internal, "cannot encode an RSA key");
  }
  return text_of(bio.get());
}

Result<std::string> EscrowPrivateKey::public_pem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) {
    return failure(Cause::internal, "cannot encode an RSA public key");
  }
  return text_of(bio.get());
}

}  // namespace portcullis::audit
