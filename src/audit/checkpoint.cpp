#include "audit/checkpoint.h"

#include <algorithm>
#include <optional>

#include "audit/note.h"
#include "audit/record.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + '\n' + std::to_string(checkpoint.size) + '\n' +
         base64(checkpoint.root) + '\n';
}

std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<Checkpoint> parse_text(std::string_view text) {
  const auto origin = take_line(text);
  const auto size = take_line(text);
  const auto root = take_line(text);
  if (!origin || !size || !root || !text.empty() || !is_note_key_name(*origin)) return {};
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

NoteKey log_key(const Checkpoint& checkpoint, const PublicKey& key) {
  return {checkpoint.origin, NoteAlgorithm::ed25519, key};
}

}  // namespace

std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  const std::string text = checkpoint_text(checkpoint);
  return text + '\n' + note_signature_line(log_key(checkpoint, key.public_key()), key.sign(text));
}

Result<Checkpoint> open_checkpoint(std::string_view note, const PublicKey& key) {
  const auto parsed = parse_note(note);
  if (!parsed)
    return failure(Cause::invalid, "the checkpoint is not in form: " + parsed.error().message);
  const auto checkpoint = parse_text(parsed->text);
  if (!checkpoint) return failure(Cause::invalid, "the checkpoint is not in form");
  if (!is_signed_once(*parsed, log_key(*checkpoint, key))) {
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
