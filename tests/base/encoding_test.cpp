#include "base/encoding.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace portcullis {
namespace {

std::string text_of(const std::optional<Bytes>& bytes) {
  return bytes ? std::string(as_text(*bytes)) : "(refused)";
}

Bytes random_of(std::mt19937& random, std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

struct Vector {
  std::string_view plain;
  std::string_view base64;
  std::string_view base64url;
  std::string_view hex;
};

// RFC 4648 section 10; its base16 in lower case.
constexpr Vector rfc4648[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
    {"\xfb\xff\xfe", "+//+", "-__-", "fbfffe"},
};

TEST(Encoding, MatchesTheVectorsOfRfc4648BothWays) {
  for (const auto& [plain, b64, url, hexadecimal] : rfc4648) {
    EXPECT_EQ(base64(as_bytes(plain)), b64);
    EXPECT_EQ(base64url(as_bytes(plain)), url);
    EXPECT_EQ(hex(as_bytes(plain)), hexadecimal);
    EXPECT_EQ(text_of(from_base64(b64)), plain);
    EXPECT_EQ(text_of(from_base64url(url)), plain);
    EXPECT_EQ(text_of(from_hex(hexadecimal)), plain);
  }
}

TEST(Encoding, Base64urlRefusesAllButTheOneCanonicalForm) {
  for (const std::string_view wrong : {"Zg==", "Zg=", "Zh", "Zm9", "Z", "Zm9vY", "Zg ", " Zg",
                                       "Z\ng", "Zm+v", "Zm/v", "Zm9v\n", "Zm.v", "Zm\xc3\xa9"}) {
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
  }
  EXPECT_FALSE(from_base64url(std::string_view("Zg\0\0", 4)));
}

TEST(Encoding, Base64RefusesAllButTheOneCanonicalForm) {
  for (const std::string_view wrong :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "==", "====", "Z===", "Zg==Zg==", "Z=g=", "Zm-v",
        "Zm_v", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n"}) {
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  }
}

TEST(Encoding, HexIsLowerCaseAndEven) {
  for (const std::string_view wrong : {"0", "0g", "0A", "F0", "0x", " 00", "00 ", "0\xff"}) {
    EXPECT_FALSE(from_hex(wrong)) << wrong;
  }
}

// Property: every text that decodes is the encoding of what it decodes to.
TEST(Encoding, DecodingIsInjective) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      if (const auto bytes = from_base64url(two)) {
        EXPECT_EQ(base64url(*bytes), two);
      }
      if (const auto bytes = from_base64(two + "==")) {
        EXPECT_EQ(base64(*bytes), two + "==");
      }
      if (const auto bytes = from_hex(two)) {
        EXPECT_EQ(hex(*bytes), two);
      }
    }
  }
}

TEST(Encoding, RoundTripsRandomBytes) {
  std::mt19937 random(4648);
  for (std::size_t size = 0; size < 300; ++size) {
    const Bytes bytes = random_of(random, size);
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(base64url(bytes)), bytes);
    EXPECT_EQ(from_hex(hex(bytes)), bytes);
  }
}

TEST(Utf8, AcceptsTheEdgesOfEachLength) {
  for (const std::string_view good :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z"}) {
    EXPECT_TRUE(is_utf8(good)) << hex(as_bytes(good));
  }
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesOverlongSurrogatesTruncatedAndTooLarge) {
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe2\x82",
        "\xe2\x82\x41", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "a\xc3", "\xc3\xa9\x80"}) {
    EXPECT_FALSE(is_utf8(bad)) << hex(as_bytes(bad));
  }
}

}  // namespace
}  // namespace portcullis
