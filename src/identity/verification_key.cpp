#include "identity/verification_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "identity/strict_json.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;  // verifying costs the square of it
constexpr int rsa_exponent_bits_max = 32;
constexpr std::uint64_t rsa_exponent_min = 65537;
constexpr std::size_t p256_bytes = 32;
constexpr std::array<BN_ULONG, 38> roca_primes = {
    3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

struct BnDeleter {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bn = std::unique_ptr<BIGNUM, BnDeleter>;
struct BuilderDeleter {
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
};
struct ParamDeleter {
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
using Params = std::unique_ptr<OSSL_PARAM, ParamDeleter>;
struct ContextDeleter {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, ContextDeleter>;
struct EcdsaDeleter {
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

struct AlgorithmRow {
  JwsAlgorithm algorithm;
  std::string_view name;
  std::string_view key_type;
  std::string_view curve;  // empty: the key type has none
};
constexpr std::array<AlgorithmRow, 2> algorithms = {{
    {JwsAlgorithm::rs256, "RS256", "RSA", ""},
    {JwsAlgorithm::es256, "ES256", "EC", "P-256"},
}};

constexpr std::array<std::string_view, 8> private_members = {"d",  "p",  "q",   "dp",
                                                             "dq", "qi", "oth", "k"};

tl::unexpected<Error> unfit(std::string why) { return failure(Cause::unsupported, std::move(why)); }

Bn number(ByteView bytes) {
  return Bn(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

std::optional<Bytes> read_bytes(const json& jwk, std::string_view name) {
  const auto text = read_text(jwk, name);
  return text.value ? from_base64url(*text.value) : std::nullopt;
}

// CVE-2017-15361 (ROCA): the primes of these keys, and so their moduli, are powers of 65537 modulo
// every small prime. Of a sound modulus that is true once in a billion keys.
bool has_roca_mark(const BIGNUM* modulus) {
  return std::ranges::all_of(roca_primes, [&](BN_ULONG prime) {
    const BN_ULONG rest = BN_mod_word(modulus, prime);
    BN_ULONG power = 1;
    for (BN_ULONG i = 0; i < prime; ++i) {
      if (power == rest) return true;
      power = power * 65537 % prime;
    }
    return false;
  });
}

EvpKey key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Params parameters(OSSL_PARAM_BLD_to_param(builder));
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (parameters == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  EvpKey owned(key);
  const Context check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (check == nullptr || EVP_PKEY_public_check(check.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return owned;
}

Result<EvpKey> read_rsa(const json& jwk) {
  const auto modulus_bytes = read_bytes(jwk, "n");
  const auto exponent_bytes = read_bytes(jwk, "e");
  if (!modulus_bytes || !exponent_bytes || modulus_bytes->size() > rsa_bits_max / 8 + 1) {
    return unfit("RSA without a usable \"n\" and \"e\"");
  }
  const Bn modulus = number(*modulus_bytes);
  const Bn exponent = number(*exponent_bytes);
  const int bits = BN_num_bits(modulus.get());
  if (bits < rsa_bits_min || bits > rsa_bits_max) {
    return unfit("RSA of " + std::to_string(bits) + " bits, not 2048 to 8192");
  }
  if (BN_num_bits(exponent.get()) > rsa_exponent_bits_max || BN_is_odd(exponent.get()) == 0 ||
      BN_get_word(exponent.get()) < rsa_exponent_min) {
    return unfit("RSA with an exponent that is not odd and from 65537 to 2^32 - 1");
  }
  if (has_roca_mark(modulus.get())) return unfit("RSA with the mark of CVE-2017-15361 (ROCA)");
  const std::unique_ptr<OSSL_PARAM_BLD, BuilderDeleter> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  EvpKey key = key_from("RSA", builder.get());
  if (key == nullptr) return unfit("RSA with an invalid modulus");
  return key;
}

Result<EvpKey> read_p256(const json& jwk) {
  const auto x = read_bytes(jwk, "x");
  const auto y = read_bytes(jwk, "y");
  if (!x || !y || x->size() != p256_bytes || y->size() != p256_bytes) {
    return unfit("EC without coordinates of 32 bytes");
  }
  Bytes point = {0x04};  // uncompressed (SEC 1, section 2.3.3)
  point.insert(point.end(), x->begin(), x->end());
  point.insert(point.end(), y->begin(), y->end());
  const std::unique_ptr<OSSL_PARAM_BLD, BuilderDeleter> builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  EvpKey key = key_from("EC", builder.get());
  if (key == nullptr) return unfit("EC with a point that is not on the curve");
  return key;
}

Result<const AlgorithmRow*> algorithm_of(const json& jwk) {
  const auto type = read_text(jwk, "kty");
  const auto curve = read_text(jwk, "crv");
  const auto row = std::ranges::find_if(algorithms, [&](const AlgorithmRow& candidate) {
    return type.value == candidate.key_type && curve.value.value_or("") == candidate.curve;
  });
  if (row == algorithms.end()) return unfit("neither RSA nor EC with P-256");
  const auto named = read_text(jwk, "alg");
  if (named.present && named.value != row->name) {
    return unfit("\"alg\" is not " + std::string(row->name));
  }
  return &*row;
}

Result<void> check_purpose(const json& jwk) {
  for (const std::string_view name : private_members) {
    if (jwk.contains(name)) return unfit("a private or symmetric member: treat it as leaked");
  }
  const auto use = read_text(jwk, "use");
  if (use.present && use.value != "sig") return unfit("\"use\" is not sig");
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return {};
  if (!operations->is_array() || std::ranges::find(*operations, "verify") == operations->end()) {
    return unfit("\"key_ops\" has no verify");
  }
  return {};
}

// The DER form that OpenSSL verifies, from the raw form of JWS. CVE-2022-21449 was a verifier that
// took r = s = 0 for a signature of anything.
std::optional<Bytes> ecdsa_der(ByteView raw) {
  static const Bn order = [] {
    BIGNUM* value = nullptr;
    BN_hex2bn(&value, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
    return Bn(value);
  }();
  if (raw.size() != 2 * p256_bytes) return std::nullopt;
  Bn r = number(raw.first(p256_bytes));
  Bn s = number(raw.last(p256_bytes));
  for (const BIGNUM* value : {r.get(), s.get()}) {
    if (BN_is_zero(value) || BN_cmp(value, order.get()) >= 0) return std::nullopt;
  }
  const std::unique_ptr<ECDSA_SIG, EcdsaDeleter> signature(ECDSA_SIG_new());
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return std::nullopt;
  (void)r.release();  // now the signature's
  (void)s.release();
  const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
  if (length <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(length));
  unsigned char* out = der.data();
  i2d_ECDSA_SIG(signature.get(), &out);
  return der;
}

bool verify_evp(EVP_PKEY* key, std::string_view message, ByteView signature) {
  const MdContext context(EVP_MD_CTX_new());
  const ByteView bytes = as_bytes(message);
  const bool good = context != nullptr &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     bytes.data(), bytes.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace

std::optional<JwsAlgorithm> jws_algorithm_from_name(std::string_view name) {
  for (const AlgorithmRow& row : algorithms) {
    if (row.name == name) return row.algorithm;
  }
  return std::nullopt;
}

std::string_view jws_algorithm_name(JwsAlgorithm algorithm) {
  return std::ranges::find(algorithms, algorithm, &AlgorithmRow::algorithm)->name;
}

Result<VerificationKey> read_verification_key(const json& jwk) {
  if (const auto purpose = check_purpose(jwk); !purpose) {
    return tl::make_unexpected(purpose.error());
  }
  const auto row = algorithm_of(jwk);
  if (!row) return tl::make_unexpected(row.error());
  const JwsAlgorithm algorithm = (*row)->algorithm;
  auto key = algorithm == JwsAlgorithm::rs256 ? read_rsa(jwk) : read_p256(jwk);
  if (!key) return tl::make_unexpected(key.error());
  return VerificationKey{std::move(*key), algorithm};
}

bool verify_signature(const VerificationKey& key, std::string_view signing_input,
                      ByteView signature) {
  switch (key.algorithm) {
    case JwsAlgorithm::rs256:
      return signature.size() == static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get())) &&
             verify_evp(key.key.get(), signing_input, signature);
    case JwsAlgorithm::es256: {
      const auto der = ecdsa_der(signature);
      return der && verify_evp(key.key.get(), signing_input, *der);
    }
  }
  return false;
}

}  // namespace portcullis
