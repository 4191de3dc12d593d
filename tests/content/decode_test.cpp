#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "content/content.h"

namespace portcullis {
namespace {

std::string deflate_with(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string gzip(std::string_view text) { return deflate_with(text, 31); }
std::string zlib(std::string_view text) { return deflate_with(text, 15); }
std::string raw_deflate(std::string_view text) { return deflate_with(text, -15); }
std::string brotli(std::string_view text) {
  std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 1024, '\0');
  std::size_t size = out.size();
  EXPECT_TRUE(BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, text.size(),
                                    reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                    reinterpret_cast<std::uint8_t*>(out.data())));
  out.resize(size);
  return out;
}
std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Coder {
  std::string_view name;
  std::string (*encode)(std::string_view);
};
constexpr Coder coders[] = {{"gzip", gzip},           {"x-gzip", gzip}, {"deflate", zlib},
                            {"deflate", raw_deflate}, {"br", brotli},   {"zstd", zstd}};

Reason reason_of(const OrDenial<std::string>& decoded) {
  return decoded ? Reason::none : decoded.error().reason;
}

TEST(Decode, RoundTrips) {
  std::string text = R"({"model":"m"})";
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * 7919);
  for (const Coder& coder : coders) {
    EXPECT_EQ(decode_body(coder.encode(text), coder.name, {}).value_or("?"), text) << coder.name;
    EXPECT_EQ(decode_body(coder.encode(""), coder.name, {}).value_or("?"), "") << coder.name;
  }
  for (const std::string_view none : {"", " ", "identity", "IDENTITY", "identity, identity"}) {
    EXPECT_EQ(decode_body(text, none, {}).value_or("?"), text) << none;
  }
  EXPECT_EQ(decode_body(brotli(gzip(text)), "GZip ,\tbr", {}).value_or("?"), text);
}

TEST(Decode, UnsupportedCodings) {
  for (const std::string_view coding : {"compress", "gzip;q=1", "gzip,", ",gzip", "gzip,,br",
                                        "gzip, gzip, gzip", "aws-chunked", "*", "gzi", "gzipp"}) {
    EXPECT_EQ(reason_of(decode_body("x", coding, {})), Reason::encoding_unsupported) << coding;
  }
}

TEST(Decode, TruncatedTrailingAndBroken) {
  const std::string text(3000, 'x');
  for (const Coder& coder : coders) {
    const std::string good = coder.encode(text + "y");
    EXPECT_EQ(reason_of(decode_body("", coder.name, {})), Reason::encoding_invalid) << coder.name;
    for (std::size_t size = 1; size < good.size(); ++size) {
      EXPECT_EQ(reason_of(decode_body(good.substr(0, size), coder.name, {})),
                Reason::encoding_invalid)
          << coder.name << ' ' << size;
    }
    EXPECT_EQ(reason_of(decode_body(good + "z", coder.name, {})), Reason::encoding_invalid)
        << coder.name;
    EXPECT_EQ(reason_of(decode_body(good + good, coder.name, {})), Reason::encoding_invalid)
        << coder.name;
    EXPECT_EQ(reason_of(decode_body("{\"model\":1}", coder.name, {})), Reason::encoding_invalid)
        << coder.name;
  }
}

TEST(Decode, BombsAreCutWhileInflating) {
  const std::string zeros(64u << 20, '\0');
  for (const Coder& coder : coders) {
    const std::string bomb = coder.encode(zeros);
    auto decoded = decode_body(bomb, coder.name, {});
    ASSERT_EQ(reason_of(decoded), Reason::decoded_too_large) << coder.name;
    EXPECT_NE(decoded.error().detail.find("content.decoded_"), std::string::npos);
    ContentLimits limits;
    limits.decoded_ratio_max = 1'000'000;
    decoded = decode_body(bomb, coder.name, limits);
    ASSERT_EQ(reason_of(decoded), Reason::decoded_too_large) << coder.name;
    EXPECT_NE(decoded.error().detail.find("content.decoded_bytes_max"), std::string::npos);
  }
  EXPECT_EQ(reason_of(decode_body(gzip(gzip(zeros)), "gzip, gzip", {})), Reason::decoded_too_large);
}

TEST(Decode, LimitsAreExact) {
  ContentLimits limits;
  limits.decoded_bytes_max = 1000;
  const std::string text(1000, 'x');
  for (const Coder& coder : coders) {
    EXPECT_TRUE(decode_body(coder.encode(text), coder.name, limits)) << coder.name;
    EXPECT_EQ(reason_of(decode_body(coder.encode(text + "x"), coder.name, limits)),
              Reason::decoded_too_large);
  }
  EXPECT_EQ(reason_of(decode_body(text + "x", "", limits)), Reason::decoded_too_large);
  limits.body_bytes_max = 999;
  EXPECT_EQ(reason_of(decode_body(text, "", limits)), Reason::body_too_large);
}

TEST(Decode, TheRatioCountsAboveOneMebibyteOnly) {
  const std::string below(1u << 20, 'x');
  EXPECT_TRUE(decode_body(zstd(below), "zstd", {}));  // thousands to one, and small
  const auto above = decode_body(zstd(below + "x"), "zstd", {});
  ASSERT_FALSE(above);
  EXPECT_NE(above.error().detail.find("content.decoded_ratio_max"), std::string::npos);
}

}  // namespace
}  // namespace portcullis
