#include "identity/verification_key.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "identity/issuer_fixture.h"
#include "identity/jws.h"

namespace portcullis {
namespace {

using test::json;

// RFC 7515, appendices A.2 and A.3: the same payload signed with RS256 and with ES256.
constexpr std::string_view rfc7515_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const json rfc7515_rsa = {
    {"kty", "RSA"},
    {"n",
     "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
     "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
     "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
     "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
    {"e", "AQAB"}};
constexpr std::string_view rfc7515_rsa_signature =
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
    "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
    "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
    "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const json rfc7515_ec = {{"kty", "EC"},
                         {"crv", "P-256"},
                         {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                         {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
constexpr std::string_view rfc7515_ec_signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

std::string rfc7515_input(std::string_view header) {
  return std::string(header) + '.' + std::string(rfc7515_payload);
}

TEST(VerificationKey, Rfc7515AppendixA2) {
  const auto key = read_verification_key(rfc7515_rsa);
  ASSERT_TRUE(key);
  const std::string input = rfc7515_input("eyJhbGciOiJSUzI1NiJ9");
  Bytes signature = *from_base64url(rfc7515_rsa_signature);
  EXPECT_TRUE(verify_signature(*key, input, signature));
  EXPECT_FALSE(verify_signature(*key, input + 'A', signature));
  signature.back() ^= 1;
  EXPECT_FALSE(verify_signature(*key, input, signature));
}

TEST(VerificationKey, Rfc7515AppendixA3) {
  const auto key = read_verification_key(rfc7515_ec);
  ASSERT_TRUE(key);
  const std::string input = rfc7515_input("eyJhbGciOiJFUzI1NiJ9");
  Bytes signature = *from_base64url(rfc7515_ec_signature);
  EXPECT_TRUE(verify_signature(*key, input, signature));
  EXPECT_FALSE(verify_signature(*key, input + 'A', signature));
  signature.back() ^= 1;
  EXPECT_FALSE(verify_signature(*key, input, signature));
}

// RFC 7520, sections 3.3 and 4.1.
constexpr const char* rfc7520_modulus =
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_"
    "AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpP"
    "e7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg"
    "_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw";
constexpr std::string_view rfc7520_signature =
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83"
    "xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJ"
    "Dt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12"
    "podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg";
constexpr std::string_view rfc7520_header =
    R"({"alg":"RS256","kid":"bilbo.baggins@hobbiton.example"})";
constexpr std::string_view rfc7520_payload =
    "It\u2019s a dangerous business, Frodo, going out your door. You step onto the road, and if "
    "you "
    "don't keep your feet, there\u2019s no knowing where you might be swept off to.";

TEST(VerificationKey, Rfc7520Section41) {
  const auto key = read_verification_key({{"kty", "RSA"},
                                          {"kid", "bilbo.baggins@hobbiton.example"},
                                          {"use", "sig"},
                                          {"n", rfc7520_modulus},
                                          {"e", "AQAB"}});
  ASSERT_TRUE(key);
  const std::string input =
      base64url(as_bytes(rfc7520_header)) + '.' + base64url(as_bytes(rfc7520_payload));
  EXPECT_TRUE(verify_signature(*key, input, *from_base64url(rfc7520_signature)));
}

TEST(VerificationKey, RsaSignaturesAreExactlyAsLongAsTheModulus) {
  const auto key = read_verification_key(rfc7515_rsa);
  const std::string input = rfc7515_input("eyJhbGciOiJSUzI1NiJ9");
  const Bytes good = *from_base64url(rfc7515_rsa_signature);
  Bytes longer = good;
  longer.push_back(0);
  Bytes padded = good;
  padded.insert(padded.begin(), 0);
  for (const Bytes& bad : {longer, padded, Bytes(good.begin(), good.end() - 1), Bytes(256, 0),
                           Bytes(256, 0xFF), Bytes{}}) {
    EXPECT_FALSE(verify_signature(*key, input, bad));
  }
}

constexpr std::string_view p256_order =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

// CVE-2022-21449 and its neighbours: r or s zero, the order, or above it.
TEST(VerificationKey, EcdsaSignaturesOutOfRangeAreRefused) {
  const auto key = read_verification_key(rfc7515_ec);
  const std::string input = rfc7515_input("eyJhbGciOiJFUzI1NiJ9");
  const Bytes good = *from_base64url(rfc7515_ec_signature);
  const Bytes extremes[] = {Bytes(32, 0), *from_hex(p256_order), Bytes(32, 0xFF)};
  for (const Bytes& extreme : extremes) {
    Bytes r_bad = good;
    std::ranges::copy(extreme, r_bad.begin());
    Bytes s_bad = good;
    std::ranges::copy(extreme, s_bad.begin() + 32);
    Bytes both_bad = r_bad;
    std::ranges::copy(extreme, both_bad.begin() + 32);
    for (const Bytes& bad : {r_bad, s_bad, both_bad}) {
      EXPECT_FALSE(verify_signature(*key, input, bad));
    }
  }
}

TEST(VerificationKey, EcdsaSignaturesAreRawAnd64Bytes) {
  const auto& signer = test::ec_key();
  const auto key = read_verification_key(json::parse(signer.public_jwk()));
  const Bytes raw = signer.sign("x");
  ASSERT_EQ(raw.size(), 64u);
  ASSERT_TRUE(verify_signature(*key, "x", raw));
  // The DER form of the same signature, as other protocols carry it.
  Bytes der = {0x30, 0x44, 0x02, 0x20};
  der.insert(der.end(), raw.begin(), raw.begin() + 32);
  der.insert(der.end(), {0x02, 0x20});
  der.insert(der.end(), raw.begin() + 32, raw.end());
  Bytes longer = raw;
  longer.push_back(0);
  for (const Bytes& bad : {der, longer, Bytes(raw.begin(), raw.end() - 1), Bytes{}}) {
    EXPECT_FALSE(verify_signature(*key, "x", bad));
  }
}

TEST(VerificationKey, EachSignatureVerifiesWithItsOwnKeyAndNoOther) {
  const JwsSigningKey* signers[] = {&test::rsa_key(), &test::ec_key(), &test::other_key()};
  for (const auto* signer : signers) {
    const Bytes signature = signer->sign("message");
    for (const auto* holder : signers) {
      const auto key = read_verification_key(json::parse(holder->public_jwk()));
      ASSERT_TRUE(key);
      EXPECT_EQ(verify_signature(*key, "message", signature), signer == holder);
    }
  }
}

struct UnfitCase {
  const char* what;
  const json& base;
  json patch;
  const char* why;
};

std::string rsa_modulus(std::size_t bytes) {
  Bytes out(bytes, 0xC5);
  return base64url(out);
}

// 65537^123456789 modulo the product of the primes to 167, plus a multiple of it: no real key.
constexpr const char* roca_modulus =
    "gacLIw2RtKsh_4qmNuireaZOcQsznfnwHMEjO0KGnsTGjewYUa5JiInO-sg1fiIm5ZA9VsbQZCGjr0SpqGVe0mgS"
    "xlfHgLovyeBW3G-G4PNv8_GIaK_Yl8jKAfmqzlf4eYOIswWr54AgHHq9bLlppHn45cExhQ3khTJT_qmzfv4_NFaB"
    "b_gARpi3j5PxhmYV37MMmrzNcPiIq6WqHq0VDlcAi-Ab898HikpmToQjeeCa95a_n64N5l8Cg2e_AnqC3hitDSlR"
    "6qPkcPQhq8UIvtXMpnF2gxSovu_kIV5EDHPW1E3RTx0hYvB41G2U0o9Tpq4QpizghXSyPxqQ7Zdbdw";

TEST(VerificationKey, UnfitKeysAreRefusedWithAReason) {
  const UnfitCase cases[] = {
      {"encryption", rfc7515_rsa, {{"use", "enc"}}, "use"},
      {"use of another type", rfc7515_rsa, {{"use", 1}}, "use"},
      {"operations without verify", rfc7515_ec, {{"key_ops", {"sign"}}}, "key_ops"},
      {"operations not a list", rfc7515_ec, {{"key_ops", "verify"}}, "key_ops"},
      {"RS512 key", rfc7515_rsa, {{"alg", "RS512"}}, "alg"},
      {"HS256 on an RSA key", rfc7515_rsa, {{"alg", "HS256"}}, "alg"},
      {"ES256 on an RSA key", rfc7515_rsa, {{"alg", "ES256"}}, "alg"},
      {"RS256 on an EC key", rfc7515_ec, {{"alg", "RS256"}}, "alg"},
      {"alg of another type", rfc7515_ec, {{"alg", json::array({"ES256"})}}, "alg"},
      {"secret", rfc7515_rsa, {{"kty", "oct"}, {"k", "AAAA"}}, "private or symmetric"},
      {"private", rfc7515_ec, {{"d", "AAAA"}}, "private or symmetric"},
      {"oct without k", rfc7515_rsa, {{"kty", "oct"}}, "neither"},
      {"P-384", rfc7515_ec, {{"crv", "P-384"}}, "neither"},
      {"secp256k1", rfc7515_ec, {{"crv", "secp256k1"}}, "neither"},
      {"no type", rfc7515_ec, {{"kty", nullptr}}, "neither"},
      {"OKP", rfc7515_ec, {{"kty", "OKP"}, {"crv", "Ed25519"}}, "neither"},
      {"1024 bits", rfc7515_rsa, {{"n", rsa_modulus(128)}}, "1024 bits"},
      {"2040 bits", rfc7515_rsa, {{"n", rsa_modulus(255)}}, "2040 bits"},
      {"2048 bits mostly zero", rfc7515_rsa, {{"n", base64url(Bytes(256, 0))}}, "0 bits"},
      {"8200 bits", rfc7515_rsa, {{"n", rsa_modulus(1025)}}, "8200 bits"},
      {"a megabit", rfc7515_rsa, {{"n", rsa_modulus(131072)}}, "\"n\""},
      {"ROCA", rfc7515_rsa, {{"n", roca_modulus}}, "ROCA"},
      {"exponent 1", rfc7515_rsa, {{"e", "AQ"}}, "exponent"},
      {"exponent 3", rfc7515_rsa, {{"e", "Aw"}}, "exponent"},
      {"exponent 65536", rfc7515_rsa, {{"e", "AQAA"}}, "exponent"},
      {"exponent of 33 bits", rfc7515_rsa, {{"e", "AQAAAAE"}}, "exponent"},
      {"exponent empty", rfc7515_rsa, {{"e", ""}}, "exponent"},
      {"exponent padded", rfc7515_rsa, {{"e", "AQAB=="}}, "\"n\""},
      {"no modulus", rfc7515_rsa, {{"n", nullptr}}, "\"n\""},
      {"no y", rfc7515_ec, {{"y", nullptr}}, "coordinates"},
      {"short x", rfc7515_ec, {{"x", base64url(Bytes(31, 1))}}, "coordinates"},
      {"long x", rfc7515_ec, {{"x", base64url(Bytes(33, 1))}}, "coordinates"},
      {"off the curve", rfc7515_ec, {{"y", base64url(Bytes(32, 1))}}, "on the curve"},
      {"at infinity",
       rfc7515_ec,
       {{"x", base64url(Bytes(32, 0))}, {"y", base64url(Bytes(32, 0))}},
       "on the curve"},
  };
  for (const UnfitCase& unfit : cases) {
    const auto key = read_verification_key(test::changed(unfit.base, unfit.patch));
    ASSERT_FALSE(key) << unfit.what;
    EXPECT_NE(key.error().message.find(unfit.why), std::string::npos)
        << unfit.what << ": " << key.error().message;
  }
}

TEST(VerificationKey, WhatSaysNothingAgainstVerifyingIsFit) {
  for (const json& patch :
       {json{{"use", "sig"}}, json{{"key_ops", {"verify"}}}, json{{"key_ops", {"sign", "verify"}}},
        json{{"alg", "RS256"}}, json{{"x5c", {"AAAA"}}}, json{{"x5u", "https://evil.example"}}}) {
    EXPECT_TRUE(read_verification_key(test::changed(rfc7515_rsa, patch))) << patch;
  }
}

}  // namespace
}  // namespace portcullis
