// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2): forged and sloppy paddings, made with the real private
// key, so that nothing but the check of the padding can refuse them.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

#include "identity/verification_key.h"

namespace portcullis {
namespace {

constexpr std::size_t block_bytes = 256;
constexpr std::string_view message = "header.payload";
constexpr std::string_view sha256_info = "3031300d060960864801650304020105000420";

EVP_PKEY* private_key() {
  static const EvpKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}));
  return key.get();
}

std::string parameter(const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(private_key(), name, &number);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, bytes.data());
  BN_free(number);
  return base64url(bytes);
}

VerificationKey public_key() {
  return read_verification_key({{"kty", "RSA"},
                                {"n", parameter(OSSL_PKEY_PARAM_RSA_N)},
                                {"e", parameter(OSSL_PKEY_PARAM_RSA_E)}})
      .value();
}

// The block as it is, to the power of the private exponent.
Bytes sign_block(const Bytes& block) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, private_key(), nullptr);
  Bytes out(block_bytes);
  std::size_t length = out.size();
  EXPECT_EQ(EVP_PKEY_sign_init(context), 1);
  EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
  EXPECT_EQ(EVP_PKEY_sign(context, out.data(), &length, block.data(), block.size()), 1);
  EVP_PKEY_CTX_free(context);
  return out;
}

struct Padding {
  Bytes lead = {0x00, 0x01};
  std::uint8_t fill = 0xFF;
  std::size_t fill_bytes = std::string::npos;  // npos: as many as make the block full
  Bytes separator = {0x00};
  Bytes content;
  std::uint8_t rest = 0x00;  // what stands after a content that ends early
};

Bytes block_of(const Padding& padding) {
  const std::size_t others =
      padding.lead.size() + padding.separator.size() + padding.content.size();
  Bytes out = padding.lead;
  out.resize(out.size() + std::min(padding.fill_bytes, block_bytes - others), padding.fill);
  out.insert(out.end(), padding.separator.begin(), padding.separator.end());
  out.insert(out.end(), padding.content.begin(), padding.content.end());
  out.resize(block_bytes, padding.rest);
  return out;
}

Bytes info(std::string_view prefix_hex) {
  Bytes out = *from_hex(prefix_hex);
  const Digest digest = sha256(message);
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

TEST(RsaPadding, TheOneRightBlock) {
  EXPECT_TRUE(verify_signature(public_key(), message,
                               sign_block(block_of({.content = info(sha256_info)}))));
}

TEST(RsaPadding, EveryOtherBlock) {
  const Bytes right = info(sha256_info);
  Bytes with_rest = right;
  with_rest.push_back(0);
  const std::pair<const char*, Padding> cases[] = {
      {"garbage after the hash (Bleichenbacher 2006)", {.fill_bytes = 8, .content = right}},
      {"other garbage after the hash", {.fill_bytes = 100, .content = right, .rest = 0xA5}},
      {"one byte after the hash", {.content = with_rest}},
      {"block type 0", {.lead = {0x00, 0x00}, .content = right}},
      {"block type 2", {.lead = {0x00, 0x02}, .content = right}},
      {"fill that is not FF", {.fill = 0xFE, .content = right}},
      {"separator that is not 0", {.separator = {0x01}, .content = right}},
      {"no DigestInfo", {.content = info("")}},
      {"DigestInfo without NULL",
       {.content = info("302f300b0609608648016503040201"
                        "0420")}},
      {"DigestInfo with a long length",
       {.content = info("308131300d060960864801650304020105000420")}},
      {"SHA-1 named",
       {.content = info("302130090605"
                        "2b0e03021a"
                        "05000414")}},
      {"SHA-512 named", {.content = info("3051300d060960864801650304020305000440")}},
      {"nothing but zeros", {.lead = {}, .fill = 0x00, .separator = {}, .content = {}}},
  };
  for (const auto& [what, padding] : cases) {
    EXPECT_FALSE(verify_signature(public_key(), message, sign_block(block_of(padding)))) << what;
  }
}

}  // namespace
}  // namespace portcullis
