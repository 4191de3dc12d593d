#include "identity/jws_sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "base/json_out.h"

namespace portcullis {
namespace {

constexpr int p256_bytes = 32;

struct BnDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bn = std::unique_ptr<BIGNUM, BnDeleter>;
struct EcdsaDeleter {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

// INVARIANT: a cryptographic primitive either gives its result or the process ends.
void require(bool good) {
  if (!good) std::abort();
}

Bn parameter(const EvpKey& key, const char* name) {
  BIGNUM* value = nullptr;
  require(EVP_PKEY_get_bn_param(key.get(), name, &value) == 1);
  return Bn(value);
}

std::string base64url_of(const Bn& number, int length) {
  Bytes bytes(static_cast<std::size_t>(length));
  require(BN_bn2binpad(number.get(), bytes.data(), length) == length);
  return base64url(bytes);
}

Bytes raw_ecdsa(const Bytes& der) {
  const unsigned char* data = der.data();
  const std::unique_ptr<ECDSA_SIG, EcdsaDeleter> signature(
      d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(der.size())));
  require(signature != nullptr);
  Bytes out(2 * p256_bytes);
  require(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), p256_bytes) == p256_bytes);
  require(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + p256_bytes, p256_bytes) ==
          p256_bytes);
  return out;
}

}  // namespace

JwsSigningKey JwsSigningKey::generate(JwsAlgorithm algorithm, std::string key_id) {
  EvpKey key(algorithm == JwsAlgorithm::rs256
                 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                 : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  require(key != nullptr);
  return {std::move(key), algorithm, std::move(key_id)};
}

std::string JwsSigningKey::public_jwk() const {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("kid", key_id_).string("alg", jws_algorithm_name(algorithm_));
  json.string("use", "sig");
  switch (algorithm_) {
    case JwsAlgorithm::rs256: {
      const Bn modulus = parameter(key_, OSSL_PKEY_PARAM_RSA_N);
      const Bn exponent = parameter(key_, OSSL_PKEY_PARAM_RSA_E);
      json.string("kty", "RSA").string("n", base64url_of(modulus, BN_num_bytes(modulus.get())));
      json.string("e", base64url_of(exponent, BN_num_bytes(exponent.get())));
      break;
    }
    case JwsAlgorithm::es256:
      json.string("kty", "EC").string("crv", "P-256");
      json.string("x", base64url_of(parameter(key_, OSSL_PKEY_PARAM_EC_PUB_X), p256_bytes));
      json.string("y", base64url_of(parameter(key_, OSSL_PKEY_PARAM_EC_PUB_Y), p256_bytes));
      break;
  }
  json.end_object();
  return out;
}

Bytes JwsSigningKey::sign(std::string_view signing_input) const {
  const MdContext context(EVP_MD_CTX_new());
  require(context != nullptr);
  require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  const ByteView bytes = as_bytes(signing_input);
  std::size_t length = 0;
  require(EVP_DigestSign(context.get(), nullptr, &length, bytes.data(), bytes.size()) == 1);
  Bytes signature(length);
  require(EVP_DigestSign(context.get(), signature.data(), &length, bytes.data(), bytes.size()) ==
          1);
  signature.resize(length);
  return algorithm_ == JwsAlgorithm::rs256 ? signature : raw_ecdsa(signature);
}

std::string sign_compact_jws(const JwsContent& content, const JwsSigningKey& key) {
  std::string out = base64url(as_bytes(content.header)) + '.' + base64url(as_bytes(content.claims));
  const Bytes signature = key.sign(out);
  return out + '.' + base64url(signature);
}

std::string sign_access_token(std::string_view claims, const JwsSigningKey& key) {
  std::string header;
  JsonWriter(header)
      .begin_object()
      .string("alg", jws_algorithm_name(key.algorithm()))
      .string("kid", key.key_id())
      .string("typ", "at+jwt")
      .end_object();
  return sign_compact_jws({header, claims}, key);
}

}  // namespace portcullis
