#include "base/uuid.h"

#include <array>

#include "base/crypto.h"

namespace portcullis {

std::string uuid_v7(WallNanos now) {
  // Drawn for many at a time: a draw costs more in locks than in randomness.
  thread_local std::array<std::array<std::uint8_t, 16>, 64> drawn;
  thread_local std::size_t used = drawn.size();
  if (used == drawn.size()) {
    random_bytes({drawn.front().data(), sizeof drawn});
    used = 0;
  }
  std::array<std::uint8_t, 16> bytes = drawn[used++];
  const auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  }
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x70);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);  // variant 10
  std::string out;
  out.reserve(36);
  const std::span<const std::uint8_t> all(bytes);
  std::size_t at = 0;
  for (const std::size_t length : std::array<std::size_t, 5>{4, 2, 2, 2, 6}) {
    if (at > 0) out += '-';
    append_hex(out, all.subspan(at, length));
    at += length;
  }
  return out;
}

}  // namespace portcullis
