#include "audit/cosignature.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "audit/note.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t witness_keys_max = 64;
constexpr std::size_t time_bytes = 8;

NoteKey note_key(const WitnessKey& witness) {
  return {witness.name, NoteAlgorithm::cosignature_v1, witness.key};
}

struct TimedSignature {
  std::int64_t time = 0;
  Signature signature{};
};

std::optional<TimedSignature> split(const Bytes& bytes) {
  TimedSignature out;
  if (bytes.size() != time_bytes + out.signature.size()) return std::nullopt;
  std::uint64_t time = 0;
  for (std::size_t i = 0; i < time_bytes; ++i) time = time << 8 | bytes[i];
  if (time > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
  out.time = static_cast<std::int64_t>(time);
  std::copy(bytes.begin() + time_bytes, bytes.end(), out.signature.begin());
  return out;
}

bool verifies(const WitnessKey& witness, std::string_view text, const TimedSignature& timed) {
  std::string message = "cosignature/v1\ntime " + std::to_string(timed.time) + '\n';
  message += text;
  return verify_ed25519(witness.key, message, timed.signature);
}

const WitnessKey* find_signer(const NoteSignature& line, std::span<const WitnessKey> trusted) {
  for (const WitnessKey& witness : trusted) {
    if (witness.name == line.key_name && note_key_id(note_key(witness)) == line.key_id) {
      return &witness;
    }
  }
  return nullptr;
}

}  // namespace

Result<WitnessKey> parse_witness_key(std::string_view vkey) {
  const auto malformed = [] {
    return failure(Cause::invalid,
                   "not a verifier key of a witness (<name>+<key id>+<base64 of 0x04 and 32 "
                   "bytes>)");
  };
  const std::size_t first = vkey.find('+');
  const std::size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) return malformed();
  const auto id = from_hex(vkey.substr(first + 1, second - first - 1));
  const auto key = from_base64(vkey.substr(second + 1));
  WitnessKey out;
  out.name = vkey.substr(0, first);
  if (!is_note_key_name(out.name) || !id || !key || key->size() != 1 + out.key.size() ||
      key->front() != static_cast<std::uint8_t>(NoteAlgorithm::cosignature_v1)) {
    return malformed();
  }
  std::copy(key->begin() + 1, key->end(), out.key.begin());
  const NoteKeyId expected = note_key_id(note_key(out));
  if (!std::equal(id->begin(), id->end(), expected.begin(), expected.end())) {
    return failure(Cause::invalid, "the verifier key's id is not that of its name and key");
  }
  return out;
}

Result<std::vector<WitnessKey>> parse_witness_keys(std::string_view text) {
  std::vector<WitnessKey> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    auto key = parse_witness_key(line);
    if (!key) {
      return failure(key.error().cause,
                     "line " + std::to_string(number) + ": " + key.error().message);
    }
    if (out.size() == witness_keys_max) return failure(Cause::limit, "too many verifier keys");
    out.push_back(std::move(*key));
  }
  if (out.empty()) return failure(Cause::invalid, "no verifier key");
  return out;
}

Result<std::vector<Cosignature>> open_cosignatures(std::string_view note,
                                                   std::span<const WitnessKey> trusted) {
  const auto parsed = parse_note(note);
  if (!parsed) return tl::unexpected(parsed.error());
  std::vector<Cosignature> out;
  for (const NoteSignature& line : parsed->signatures) {
    const WitnessKey* witness = find_signer(line, trusted);
    if (witness == nullptr) continue;
    const auto timed = split(line.signature);
    if (!timed || !verifies(*witness, parsed->text, *timed)) {
      return failure(Cause::untrusted, "the cosignature of " + witness->name + " does not verify");
    }
    const auto same = [&](const Cosignature& known) { return known.witness == witness->name; };
    if (std::any_of(out.begin(), out.end(), same)) {
      return failure(Cause::untrusted, "two cosignatures of " + witness->name);
    }
    out.push_back({witness->name, timed->time});
  }
  return out;
}

Result<std::string> cosigned_note(std::string_view note, std::string_view lines,
                                  const WitnessKey& witness) {
  std::string all(note);
  all += lines;
  const auto own = parse_note(note);
  if (!own) return tl::unexpected(own.error());
  const auto parsed = parse_note(all);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->text.size() != own->text.size()) {
    return failure(Cause::invalid, "not only signature lines");
  }
  std::string out(note);
  for (const NoteSignature& line : parsed->signatures) {
    if (find_signer(line, {&witness, 1}) == nullptr) continue;
    out += note_signature_line(note_key(witness), line.signature);
  }
  const auto good = open_cosignatures(out, {&witness, 1});
  if (!good) return tl::unexpected(good.error());
  if (good->empty()) return failure(Cause::untrusted, "no cosignature of " + witness.name);
  return out;
}

}  // namespace portcullis::audit
