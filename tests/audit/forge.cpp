#include "audit/forge.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/checkpoint.h"
#include "audit/erased.h"
#include "audit/input.h"
#include "audit/note.h"
#include "audit/tally.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view witness_name = "witness.example";

class Rewriter {
 public:
  Rewriter(const Forger& forger, const Lie& lie) : forger_(forger), lie_(lie) {}

  // The new text of a segment.
  std::string rewrite(const std::string& text) {
    tally_ = Tally{};
    first_ = tree_.size();
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      add(out, text.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
  std::uint64_t first() const { return first_; }
  std::string note() const {
    return sign_checkpoint({origin_, tree_.size(), tree_.root()}, forger_.signing_key);
  }

 private:
  std::string members(const ParsedRecord& record, const std::string& line) {
    std::string out;
    JsonWriter json(out);
    if (record.head.type == RecordType::seal) return tally_.members();
    if (record.head.type == RecordType::checkpoint) json.string("note", note());
    if (record.head.type == RecordType::open) {
      const auto old = nlohmann::ordered_json::parse(line);
      origin_ = old["origin"];
      json.string("origin", origin_).name("public_key").hex(forger_.signing_key.public_key());
      json.string("software", "portcullis").name("frontier").begin_array();
      for (const Digest& root : tree_.roots()) json.hex(root);
      json.end_array();
      if (tree_.size() > 0) json.string("previous", note());
      if (tree_.size() == 0) json.name("genesis").raw(old["genesis"].dump());
    }
    return out.empty() ? std::string(record.members) : out;
  }

  void add(std::string& out, const std::string& line) {
    const auto parsed = parse_record(line);
    if (!parsed) return;
    ForgedRecord record{
        parsed->head, std::string(parsed->head.time), members(*parsed, line), std::nullopt, false,
        false};
    const std::uint64_t back = parsed->head.seq - parsed->head.batch;
    record.head.seq = tree_.size();
    record.head.prev = prev_;
    record.head.batch = record.head.seq - std::min(back, record.head.seq);
    lie_(record);
    if (!record.left_out) write(out, record);
  }

  void write(std::string& out, ForgedRecord& record) {
    record.head.time = record.time;
    std::string body;
    append_record(body, record.head, record.members);
    EpochKey key(0, forger_.first_key);
    while (key.epoch < record.head.epoch) key = next_epoch(key);
    const Digest hash = sha256(body);
    const Digest mac =
        record.mac.value_or(RecordMac(record.head.stream, key)(record.head.seq, hash));
    prev_ = leaf_hash(hash, mac);
    tree_.append(prev_);
    const bool decided = record.head.type == RecordType::decision;
    const bool allowed = record.members.find("\"effect\":\"allow\"") != std::string::npos;
    tally_.count(record.head.type,
                 decided ? std::optional(allowed ? Effect::allow : Effect::deny) : std::nullopt,
                 record.time);
    if (record.erased) {
      out += erased_line({record.head.seq, hash, prev_, mac});
      return;
    }
    out += body;
    append_suffix(out, prev_, mac);
  }

  const Forger& forger_;
  const Lie& lie_;
  Digest prev_{};
  Frontier tree_;
  Tally tally_;
  std::string origin_;
  std::uint64_t first_ = 0;
};

}  // namespace

Forger Forger::of(Site& site) {
  auto key = SigningKey::from_pem(read_text(site.path("signing.pem")));
  return {*std::move(key), *load_hex_secret(site.stream_key_file())};
}

void forge(const std::string& directory, const Forger& forger, const Lie& lie) {
  Rewriter rewriter(forger, lie);
  for (const std::string& path : segment_paths(directory)) {
    const std::string text = rewriter.rewrite(read_text(path));
    std::filesystem::remove(path);
    write_text(directory + '/' + segment_name(rewriter.first()), text);
  }
  write_text(directory + "/checkpoint", rewriter.note());
}

std::string cosigned(const std::string& note, const Witnessing& witnessing) {
  const std::string text(parse_note(note)->text);
  const Signature signature = witnessing.signer.sign(
      "cosignature/v1\ntime " + std::to_string(witnessing.seconds) + '\n' + text);
  Bytes bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(witnessing.seconds >> shift));
  }
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  const NoteKey key{witness_name, NoteAlgorithm::cosignature_v1, witnessing.named.public_key()};
  return note + note_signature_line(key, bytes);
}

std::string witness_key(const SigningKey& witness) {
  const PublicKey key = witness.public_key();
  Bytes bytes = {0x04};
  bytes.insert(bytes.end(), key.begin(), key.end());
  const NoteKey named{witness_name, NoteAlgorithm::cosignature_v1, key};
  return std::string(witness_name) + '+' + hex(note_key_id(named)) + '+' + base64(bytes) + '\n';
}

}  // namespace portcullis::audit
