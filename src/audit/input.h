// Reading what must exist beforehand: small files, keys with a strict mode, and a stream's
// directory.
//
// Pure apart from reading; safe from any thread. Errors name the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

inline constexpr std::size_t small_file_bytes_max = 65536;

// Cause::not_found if there is no such file, Cause::limit if it is larger than
// small_file_bytes_max.
Result<std::string> read_small_file(const std::string& path);
// The same for a secret: Cause::untrusted if anybody but its owner may read or write it.
Result<std::string> read_secret_file(const std::string& path);

// 32 bytes in hex, with or without a line break at the end.
Result<Digest> parse_hex_key(const std::string& text, const std::string& path);
Result<Digest> load_hex_secret(const std::string& path);
Result<SigningKey> load_signing_key(const std::string& path);
// An Ed25519 public key, SPKI in PEM.
Result<PublicKey> load_public_key(const std::string& path);
Result<std::string> public_key_pem(const PublicKey& key);

struct SegmentName {
  std::uint64_t first_seq = 0;
  std::string name;  // "<20 digits>.jsonl" or "<20 digits>.jsonl.zst"
};
std::string segment_name(std::uint64_t first_seq);
std::string compressed_segment_name(std::uint64_t first_seq);
bool is_compressed(std::string_view segment);
// In the order of the stream. Where a segment is there both compressed and not, only the latter
// counts.
Result<std::vector<SegmentName>> list_segments(const std::string& directory);

}  // namespace portcullis::audit
