#include "base/crypto.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace portcullis {
namespace {

Bytes bytes_of(std::string_view hexadecimal) { return from_hex(hexadecimal).value(); }

template <std::size_t size>
std::array<std::uint8_t, size> array_of(std::string_view hexadecimal) {
  std::array<std::uint8_t, size> out{};
  const Bytes bytes = bytes_of(hexadecimal);
  EXPECT_EQ(bytes.size(), size);
  std::copy_n(bytes.begin(), std::min(size, bytes.size()), out.begin());
  return out;
}

// FIPS 180-4 examples.
TEST(Sha256, MatchesItsVectors) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

struct HmacVector {
  Bytes key;
  std::string data;
  std::string_view mac;
};

TEST(Hmac, MatchesTheVectorsOfRfc4231) {
  const HmacVector vectors[] = {
      {Bytes(20, 0x0b), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {Bytes{'J', 'e', 'f', 'e'}, "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {Bytes(20, 0xaa), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {bytes_of("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {Bytes(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {Bytes(131, 0xaa),
       "This is a test using a larger than block-size key and a larger than block-size data. The "
       "key needs to be hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const auto& [key, data, mac] : vectors) EXPECT_EQ(hex(hmac_sha256(key, data)), mac);
}

TEST(Hmac, AKeyThatIsSetUpOnceGivesTheSameMacEachTime) {
  const Bytes key(20, 0x0b);
  Hmac first(key);
  const Digest expected = hmac_sha256(key, "Hi There");
  EXPECT_EQ(first("Hi There"), expected);
  EXPECT_NE(first("other"), expected);
  EXPECT_EQ(first("Hi There"), expected);
  Hmac moved = std::move(first);
  EXPECT_EQ(moved("Hi There"), expected);
  EXPECT_EQ(hex(moved("")), hex(hmac_sha256(key, "")));
}

TEST(Hmac, OfAMessageInPiecesIsTheMacOfTheWhole) {
  for (const Bytes& key : {Bytes(20, 0x0b), Bytes(131, 0xaa), Bytes{}}) {
    RunningHmac nothing(key);
    EXPECT_EQ(nothing.finish(), hmac_sha256(key, ""));
    RunningHmac running(key);
    for (const std::string_view piece : {"Hi", "", " There"}) running.update(piece);
    EXPECT_EQ(running.finish(), hmac_sha256(key, "Hi There"));
  }
}

// RFC 5869 appendix A.3, the first 32 of its 42 bytes.
TEST(Hkdf, MatchesRfc5869WithoutSalt) {
  EXPECT_EQ(hex(hkdf_sha256(Bytes(22, 0x0b), "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

// From an independent implementation (Python's hmac), for a key of ours and uses of ours.
TEST(Hkdf, SeparatesUses) {
  Bytes key(32);
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(hex(hkdf_sha256(key, "commit")),
            "1c8db25cb17c11d06e791742e6e60a009aed576fe72975ea4125088956980c27");
  EXPECT_EQ(hex(hkdf_sha256(key, std::string(100, 'x'))),
            "87362cce3abfc101597e377d0fa57dbc543b28869a706dc237685a4fa2551b71");
}

struct Ed25519Vector {
  std::string_view seed;
  std::string_view public_key;
  std::string message;
  std::string_view signature;
};

const Ed25519Vector& rfc8032(std::size_t index) {
  // RFC 8032 section 7.1, tests 1 to 3.
  static const Ed25519Vector vectors[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "\xaf\x82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"},
  };
  return vectors[index];
}

// RFC 8410: the PKCS#8 form of a seed is a fixed prefix and the seed.
std::string pem_of(std::string_view seed) {
  const Bytes der = bytes_of("302e020100300506032b657004220420" + std::string(seed));
  return "-----BEGIN PRIVATE KEY-----\n" + base64(der) + "\n-----END PRIVATE KEY-----\n";
}

TEST(Ed25519, SignsAndVerifiesAsInRfc8032) {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& [seed, public_key, message, signature] = rfc8032(i);
    const auto key = SigningKey::from_pem(pem_of(seed));
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(hex(key->public_key()), public_key);
    EXPECT_EQ(hex(key->sign(message)), signature);
    EXPECT_TRUE(verify_ed25519(array_of<32>(public_key), message, array_of<64>(signature)));
  }
}

TEST(Ed25519, RefusesEveryChangedBit) {
  const auto& [seed, public_text, message, signature_text] = rfc8032(2);
  const auto public_key = array_of<32>(public_text);
  const auto signature = array_of<64>(signature_text);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(verify_ed25519(public_key, message, changed)) << bit;
  }
  EXPECT_FALSE(verify_ed25519(public_key, message + "x", signature));
  EXPECT_FALSE(verify_ed25519(array_of<32>(rfc8032(0).public_key), message, signature));
  EXPECT_FALSE(verify_ed25519(PublicKey{}, message, Signature{}));
}

TEST(Ed25519, AKeySurvivesItsFile) {
  const SigningKey key = SigningKey::generate();
  const auto again = SigningKey::from_pem(key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  EXPECT_TRUE(verify_ed25519(key.public_key(), "m", again->sign("m")));
  EXPECT_NE(SigningKey::generate().public_key(), key.public_key());
}

TEST(Ed25519, RefusesFilesThatAreNoKeyOfItsKind) {
  const std::string encrypted =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
  const std::string good = pem_of(rfc8032(0).seed);
  for (const std::string& wrong : {std::string(), std::string("x"), encrypted,
                                   good.substr(0, good.size() / 2), std::string(100, '\0')}) {
    const auto key = SigningKey::from_pem(wrong);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().cause, Cause::invalid);
  }
  EXPECT_FALSE(SigningKey::from_pem(std::string_view()));
  const std::string p256 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQxs/kzRW6TywN0KE\n"
      "FC4LBeVHbT6VHfiTq2K4b8Peq72hRANCAAT8dugJf/8bs1Zp4cKc+89kdmYuBNlx\n"
      "yEjzNGVNi0fLHizzc2uFnOESkbrctXIjE+lqGX/yhr1UNstDV9cw65SK\n"
      "-----END PRIVATE KEY-----\n";
  const auto wrong_kind = SigningKey::from_pem(p256);
  ASSERT_FALSE(wrong_kind);
  EXPECT_EQ(wrong_kind.error().message, "not an Ed25519 private key");
}

TEST(Random, FillsTheWholeSpanDifferentlyEachTime) {
  std::array<std::uint8_t, 32> a{};
  std::array<std::uint8_t, 32> b{};
  random_bytes(a);
  random_bytes(b);
  EXPECT_NE(a, b);
  EXPECT_FALSE(std::all_of(a.begin() + 16, a.end(), [](auto byte) { return byte == 0; }));
}

TEST(EqualConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), {}));
}

TEST(Wipe, LeavesZeroes) {
  Bytes secret(64, 0xff);
  wipe(secret);
  EXPECT_EQ(secret, Bytes(64, 0));
}

}  // namespace
}  // namespace portcullis
