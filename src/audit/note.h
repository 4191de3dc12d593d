// C2SP signed notes: a text, a blank line, and one or more signature lines
//
//   <em dash> <key name> base64(4 bytes of key id || signature)\n
//
// Only the form is judged here; whoever opens a note checks the signatures of the keys that he
// knows and passes over the others. Bounded: 64 KiB, 64 signatures. Pure functions, safe from any
// thread; a SignedNote sees the bytes that it was parsed from, which must outlive it. Standard:
// https://c2sp.org/signed-note.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "portcullis/result.h"

namespace portcullis::audit {

constexpr std::size_t note_bytes_max = 64u << 10;
constexpr std::size_t note_signatures_max = 64;

enum class NoteAlgorithm : std::uint8_t { ed25519 = 0x01, cosignature_v1 = 0x04 };

using NoteKeyId = std::array<std::uint8_t, 4>;

struct NoteSignature {
  std::string_view key_name;
  NoteKeyId key_id{};
  Bytes signature;  // without the key id
};

struct SignedNote {
  std::string_view text;  // with its final newline, without the blank line
  std::vector<NoteSignature> signatures;
};

// Cause::limit or Cause::invalid.
Result<SignedNote> parse_note(std::string_view note);

struct NoteKey {
  std::string_view name;
  NoteAlgorithm algorithm = NoteAlgorithm::ed25519;
  PublicKey key{};
};
// The first four bytes of SHA-256(name || 0x0A || algorithm || public key).
NoteKeyId note_key_id(const NoteKey& key);
// Whether exactly one line is of this Ed25519 key, and its signature is right. A second one, or a
// wrong one, spoils the note whatever else is on it.
bool is_signed_once(const SignedNote& note, const NoteKey& key);
// With its newline.
std::string note_signature_line(const NoteKey& key, ByteView signature);

// What a key that we know may be called: 1 to 256 printable ASCII characters without space and
// plus.
bool is_note_key_name(std::string_view name);

}  // namespace portcullis::audit
