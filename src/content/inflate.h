// One content coding undone, with a cap on what comes out.
//
// Pure functions, safe from any thread. Memory: the output (at most `bytes_max`), and the decoder's
// window (at most 16 MiB). Standards: RFC 1950, 1951, 1952, 7932, 8878; exactly one complete
// stream, nothing behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace portcullis {

enum class InflateError : std::uint8_t { malformed, too_large };
using Inflated = tl::expected<std::string, InflateError>;

Inflated inflate_gzip(std::string_view input, std::size_t bytes_max);
Inflated inflate_deflate(std::string_view input, std::size_t bytes_max);  // zlib, or else raw
Inflated inflate_brotli(std::string_view input, std::size_t bytes_max);
Inflated inflate_zstd(std::string_view input, std::size_t bytes_max);

}  // namespace portcullis
