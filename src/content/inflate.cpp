#include "content/inflate.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <limits>
#include <memory>

namespace portcullis {
namespace {

using Chunk = std::array<std::uint8_t, 32768>;

constexpr int zstd_window_log_max = 23;  // 8 MiB, what RFC 8878 asks decoders to support

tl::unexpected<InflateError> malformed() { return tl::unexpected(InflateError::malformed); }

// False: more than the cap.
bool append(std::string& out, const Chunk& chunk, std::size_t size, std::size_t bytes_max) {
  if (size > bytes_max - out.size()) return false;
  out.append(reinterpret_cast<const char*>(chunk.data()), size);
  return true;
}

struct ZlibStream {
  z_stream state{};
  bool ready = false;
  explicit ZlibStream(int window_bits) { ready = inflateInit2(&state, window_bits) == Z_OK; }
  ~ZlibStream() {
    if (ready) inflateEnd(&state);
  }
  ZlibStream(const ZlibStream&) = delete;
  ZlibStream& operator=(const ZlibStream&) = delete;
};

constexpr int gzip_window = 15 + 16;
constexpr int zlib_window = 15;
constexpr int raw_window = -15;

Inflated inflate_zlib(std::string_view input, std::size_t bytes_max, int window_bits) {
  if (input.size() > std::numeric_limits<uInt>::max()) return malformed();
  ZlibStream stream(window_bits);
  if (!stream.ready) return malformed();
  z_stream& state = stream.state;
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
  state.avail_in = static_cast<uInt>(input.size());
  std::string out;
  Chunk chunk;
  int status = Z_OK;
  while (status == Z_OK) {
    state.next_out = chunk.data();
    state.avail_out = chunk.size();
    status = inflate(&state, Z_NO_FLUSH);
    if (!append(out, chunk, chunk.size() - state.avail_out, bytes_max)) {
      return tl::unexpected(InflateError::too_large);
    }
  }
  if (status != Z_STREAM_END || state.avail_in != 0) return malformed();
  return out;
}

bool has_zlib_header(std::string_view input) {
  if (input.size() < 2) return false;
  const auto first = static_cast<std::uint8_t>(input[0]);
  const auto second = static_cast<std::uint8_t>(input[1]);
  return (first & 0x0f) == 8 && (first << 8 | second) % 31 == 0;
}

}  // namespace

Inflated inflate_gzip(std::string_view input, std::size_t bytes_max) {
  return inflate_zlib(input, bytes_max, gzip_window);
}

Inflated inflate_deflate(std::string_view input, std::size_t bytes_max) {
  return inflate_zlib(input, bytes_max, has_zlib_header(input) ? zlib_window : raw_window);
}

Inflated inflate_brotli(std::string_view input, std::size_t bytes_max) {
  const std::unique_ptr<BrotliDecoderState, decltype(&BrotliDecoderDestroyInstance)> state(
      BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), BrotliDecoderDestroyInstance);
  if (state == nullptr) return malformed();
  std::size_t left = input.size();
  const auto* next = reinterpret_cast<const std::uint8_t*>(input.data());
  std::string out;
  Chunk chunk;
  BrotliDecoderResult status = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
  while (status == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
    std::size_t room = chunk.size();
    std::uint8_t* to = chunk.data();
    status = BrotliDecoderDecompressStream(state.get(), &left, &next, &room, &to, nullptr);
    if (!append(out, chunk, chunk.size() - room, bytes_max)) {
      return tl::unexpected(InflateError::too_large);
    }
  }
  if (status != BROTLI_DECODER_RESULT_SUCCESS || left != 0) return malformed();
  return out;
}

Inflated inflate_zstd(std::string_view input, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> state(ZSTD_createDCtx(),
                                                                   ZSTD_freeDCtx);
  if (state == nullptr ||
      ZSTD_isError(ZSTD_DCtx_setParameter(state.get(), ZSTD_d_windowLogMax, zstd_window_log_max))) {
    return malformed();
  }
  ZSTD_inBuffer from{input.data(), input.size(), 0};
  std::string out;
  Chunk chunk;
  std::size_t status = 1;
  while (status != 0) {
    ZSTD_outBuffer to{chunk.data(), chunk.size(), 0};
    const std::size_t before = from.pos;
    status = ZSTD_decompressStream(state.get(), &to, &from);
    if (ZSTD_isError(status)) return malformed();
    if (!append(out, chunk, to.pos, bytes_max)) return tl::unexpected(InflateError::too_large);
    const bool stuck = status != 0 && to.pos == 0 && from.pos == before;
    if (stuck) return malformed();  // truncated
  }
  if (from.pos != input.size()) return malformed();
  return out;
}

}  // namespace portcullis
