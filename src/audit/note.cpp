#include "audit/note.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace portcullis::audit {
namespace {

constexpr std::string_view em_dash = "\xE2\x80\x94 ";
constexpr std::size_t key_name_bytes_max = 256;

std::optional<NoteSignature> parse_signature_line(std::string_view line) {
  if (!line.starts_with(em_dash)) return std::nullopt;
  line.remove_prefix(em_dash.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  NoteSignature out;
  out.key_name = line.substr(0, space);
  const auto bytes = from_base64(line.substr(space + 1));
  const bool named = !out.key_name.empty() && out.key_name.find('+') == std::string_view::npos;
  if (!named || !bytes || bytes->size() <= out.key_id.size()) return std::nullopt;
  const auto signature = bytes->begin() + static_cast<std::ptrdiff_t>(out.key_id.size());
  std::copy(bytes->begin(), signature, out.key_id.begin());
  out.signature.assign(signature, bytes->end());
  return out;
}

bool is_note_text(std::string_view note) {
  const auto forbidden = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; };
  return is_utf8(note) && std::none_of(note.begin(), note.end(), forbidden);
}

}  // namespace

bool is_note_key_name(std::string_view name) {
  // Beyond ASCII, Unicode has spaces that two readers could see differently: a key that is trusted
  // has none of it.
  const auto allowed = [](char c) { return c > ' ' && c < 0x7f && c != '+'; };
  return !name.empty() && name.size() <= key_name_bytes_max &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<SignedNote> parse_note(std::string_view note) {
  if (note.size() > note_bytes_max) return failure(Cause::limit, "the note is too long");
  if (!is_note_text(note)) return failure(Cause::invalid, "the note is not plain text");
  const std::size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos || !note.ends_with('\n')) {
    return failure(Cause::invalid, "the note has no blank line before its signatures");
  }
  SignedNote out;
  out.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    auto signature = parse_signature_line(rest.substr(0, end));
    if (!signature) return failure(Cause::invalid, "a signature line of the note is not in form");
    if (out.signatures.size() == note_signatures_max) {
      return failure(Cause::limit, "the note has too many signatures");
    }
    out.signatures.push_back(std::move(*signature));
    rest.remove_prefix(end + 1);
  }
  if (out.signatures.empty()) return failure(Cause::invalid, "the note has no signature");
  return out;
}

NoteKeyId note_key_id(const NoteKey& key) {
  std::string input(key.name);
  input += '\n';
  input += static_cast<char>(key.algorithm);
  input += as_text(key.key);
  const Digest digest = sha256(input);
  NoteKeyId out;
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

bool is_signed_once(const SignedNote& note, const NoteKey& key) {
  const NoteKeyId id = note_key_id(key);
  const auto is_of_key = [&](const NoteSignature& line) {
    return line.key_name == key.name && line.key_id == id;
  };
  const auto& lines = note.signatures;
  const auto own = std::find_if(lines.begin(), lines.end(), is_of_key);
  Signature signature;
  if (own == lines.end() || own->signature.size() != signature.size()) return false;
  if (std::any_of(std::next(own), lines.end(), is_of_key)) return false;
  std::copy(own->signature.begin(), own->signature.end(), signature.begin());
  return verify_ed25519(key.key, note.text, signature);
}

std::string note_signature_line(const NoteKey& key, ByteView signature) {
  const NoteKeyId id = note_key_id(key);
  Bytes bytes(id.begin(), id.end());
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return std::string(em_dash) + std::string(key.name) + ' ' + base64(bytes) + '\n';
}

}  // namespace portcullis::audit
