#include "audit/checkpoint.h"

#include <algorithm>
#include <optional>

#include "audit/record.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view em_dash = "\xE2\x80\x94 ";
constexpr std::uint8_t ed25519_algorithm = 0x01;
constexpr std::size_t key_hash_bytes = 4;
constexpr std::size_t note_bytes_max = 4096;

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + '\n' + std::to_string(checkpoint.size) + '\n' +
         base64(checkpoint.root) + '\n';
}

// C2SP signed-note: the first four bytes of SHA-256(name || 0x0A || algorithm || public key).
std::array<std::uint8_t, key_hash_bytes> key_hash(const std::string& name, const PublicKey& key) {
  std::string input = name + '\n';
  input += static_cast<char>(ed25519_algorithm);
  input += as_text(key);
  const Digest digest = sha256(input);
  std::array<std::uint8_t, key_hash_bytes> out;
  std::copy_n(digest.begin(), key_hash_bytes, out.begin());
  return out;
}

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<Checkpoint> take_text(std::string_view& note) {
  const auto origin = take_line(note);
  const auto size = take_line(note);
  const auto root = take_line(note);
  const auto blank = take_line(note);
  if (!origin || !size || !root || !blank || origin->empty() || !blank->empty()) return {};
  Checkpoint checkpoint;
  checkpoint.origin = *origin;
  std::string_view digits = *size;
  const auto number = take_integer(digits);
  const auto bytes = from_base64(*root);
  if (!number || !digits.empty() || !bytes || bytes->size() != checkpoint.root.size()) return {};
  checkpoint.size = *number;
  std::copy(bytes->begin(), bytes->end(), checkpoint.root.begin());
  return checkpoint;
}

// Key hash and signature of the one signature line.
std::optional<Bytes> take_signature(std::string_view note, const std::string& name) {
  const auto line = take_line(note);
  const std::string start = std::string(em_dash) + name + ' ';
  if (!line || !note.empty() || !line->starts_with(start)) return std::nullopt;
  auto bytes = from_base64(line->substr(start.size()));
  if (!bytes || bytes->size() != key_hash_bytes + sizeof(Signature)) return std::nullopt;
  return bytes;
}

}  // namespace

std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  const std::string text = checkpoint_text(checkpoint);
  const auto hash = key_hash(checkpoint.origin, key.public_key());
  const Signature signature = key.sign(text);
  Bytes bytes(hash.begin(), hash.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return text + '\n' + std::string(em_dash) + checkpoint.origin + ' ' + base64(bytes) + '\n';
}

Result<Checkpoint> open_checkpoint(std::string_view note, const PublicKey& key) {
  if (note.size() > note_bytes_max) return failure(Cause::invalid, "the checkpoint is too long");
  std::string_view rest = note;
  auto checkpoint = take_text(rest);
  if (!checkpoint) return failure(Cause::invalid, "the checkpoint is not in form");
  const auto line = take_signature(rest, checkpoint->origin);
  if (!line) return failure(Cause::invalid, "the checkpoint's signature line is not in form");
  const auto hash = key_hash(checkpoint->origin, key);
  Signature signature;
  std::copy(line->begin() + key_hash_bytes, line->end(), signature.begin());
  if (!std::equal(hash.begin(), hash.end(), line->begin()) ||
      !verify_ed25519(key, checkpoint_text(*checkpoint), signature)) {
    return failure(Cause::untrusted, "the checkpoint is not signed by the log's key");
  }
  return *checkpoint;
}

bool is_deployment_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace portcullis::audit
