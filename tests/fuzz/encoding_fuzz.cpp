// Content codings. The first byte chooses the header; whatever comes out is within its limit.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "content/content.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view codings[] = {"gzip", "deflate",    "br",       "zstd",
                                          "",     "gzip, zstd", "br, gzip", "x-gzip,identity"};
  if (size == 0) return 0;
  portcullis::ContentLimits limits;
  limits.decoded_bytes_max = 1u << 20;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto decoded = portcullis::decode_body(body, codings[data[0] & 7], limits);
  if (decoded && decoded->size() > limits.decoded_bytes_max) std::abort();
  return 0;
}
