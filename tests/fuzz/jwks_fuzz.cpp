// A key set from a compromised or broken issuer: an error, or keys that are fit to verify.
#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "identity/key_set.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis;
  const auto set = KeySet::parse({reinterpret_cast<const char*>(data), size});
  if (!set) return 0;
  if ((*set)->size() == 0) std::abort();
  for (const auto& [key_id, key] : (*set)->keys().by_id) {
    const int bits = EVP_PKEY_get_bits(key.key.get());
    const bool fit = key.algorithm == JwsAlgorithm::rs256 ? bits >= 2048 : bits == 256;
    if (key_id.empty() || !fit) std::abort();
    const Bytes zeros(key.algorithm == JwsAlgorithm::rs256
                          ? static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get()))
                          : 64);
    if (verify_signature(key, "message", zeros)) std::abort();
  }
  return 0;
}
