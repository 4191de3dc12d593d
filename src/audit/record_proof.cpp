#include "audit/record_proof.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/erased.h"
#include "audit/lookup.h"
#include "audit/record.h"
#include "audit/stream_tree.h"
#include "audit/strict_json.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

constexpr std::string_view format_name = "portcullis record proof v1";
constexpr std::size_t path_max = 64;
constexpr std::size_t member_count = 9;

tl::unexpected<Error> broken(std::string why) { return failure(Cause::untrusted, std::move(why)); }

Result<std::string> choose_note(const ProveOptions& options) {
  if (!options.note.empty()) return options.note;
  if (options.size) return read_checkpoint_of_size(options.directory, *options.size);
  return read_newest_checkpoint(options.directory);
}

// Fills in what the line says of itself.
Result<void> take_line(RecordProof& proof, const std::string& line) {
  if (const auto record = parse_record(line)) {
    proof.line = line;
    proof.hash = sha256(record->body);
    proof.mac = record->mac;
    return {};
  }
  const auto erased = parse_erased(line);
  if (!erased) return broken("record " + std::to_string(proof.seq) + " is damaged");
  proof.hash = erased->hash;
  proof.mac = erased->mac;
  return {};
}

bool read(const Json& object, const char* name, std::string& out) {
  const auto found = object.find(name);
  const bool good = found != object.end() && found->is_string();
  if (good) out = found->get<std::string>();
  return good;
}

bool read_digest(const Json& value, Digest& out) {
  const auto bytes =
      value.is_string() ? from_hex(value.get_ref<const std::string&>()) : std::nullopt;
  if (!bytes || bytes->size() != out.size()) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

bool read_digest(const Json& object, const char* name, Digest& out) {
  const auto found = object.find(name);
  return found != object.end() && read_digest(*found, out);
}

bool read_path(const Json& object, MerkleProof& out) {
  const auto found = object.find("path");
  if (found == object.end() || !found->is_array() || found->size() > path_max) return false;
  return std::all_of(found->begin(), found->end(),
                     [&](const Json& item) { return read_digest(item, out.emplace_back()); });
}

bool read_line(const Json& json, std::string& out) {
  const auto erased = json.find("erased");
  if (erased == json.end()) return read(json, "line", out) && !out.empty();
  return erased->is_boolean() && erased->get<bool>();
}

bool read_members(const Json& json, RecordProof& proof) {
  const auto seq = json.find("seq");
  if (seq == json.end() || !seq->is_number_unsigned()) return false;
  proof.seq = seq->get<std::uint64_t>();
  return json.size() == member_count && read_line(json, proof.line) &&
         read_digest(json, "h", proof.hash) && read_digest(json, "mac", proof.mac) &&
         read_path(json, proof.path) && read(json, "checkpoint", proof.checkpoint) &&
         read_digest(json, "public_key", proof.public_key);
}

// The line is the record that the proof speaks of, of the stream that the checkpoint names.
Result<void> check_line(const RecordProof& proof, ProvedRecord& proved) {
  if (proof.line.empty()) return {};
  const auto record = parse_record(proof.line);
  if (!record) return broken("its line is no record: " + record.error().message);
  RecordFacts facts;
  if (const auto problem = check_strict_json(proof.line, facts)) {
    return broken("its line holds " + *problem);
  }
  if (record->head.seq != proof.seq) return broken("its line is another record");
  if (sha256(record->body) != proof.hash) return broken("its line does not have the hash h");
  if (record->mac != proof.mac) return broken("its line has another mac");
  if (record->leaf != leaf_hash(proof.hash, proof.mac)) {
    return broken("its line does not have the leaf that it carries");
  }
  if (!proved.origin.ends_with('/' + hex(record->head.stream))) {
    return broken("its line is of another stream than the checkpoint");
  }
  proved.time = record->head.time;
  proved.type = record_type_name(record->head.type);
  return {};
}

}  // namespace

Result<RecordProof> prove_record(const ProveOptions& options) {
  const auto genesis = read_stream_facts(options.directory);
  if (!genesis) return tl::unexpected(genesis.error());
  auto note = choose_note(options);
  if (!note) return tl::unexpected(note.error());
  const auto checkpoint = open_checkpoint(*note, genesis->public_key);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  if (options.seq >= checkpoint->size) {
    return failure(Cause::not_found, "the checkpoint signs " + std::to_string(checkpoint->size) +
                                         " records, and " + std::to_string(options.seq) +
                                         " is not among them: take a newer one");
  }
  RecordProof proof;
  proof.seq = options.seq;
  proof.checkpoint = *std::move(note);
  proof.public_key = genesis->public_key;
  const auto line = read_stored_line(options.directory, options.seq);
  if (!line) return tl::unexpected(line.error());
  if (auto taken = take_line(proof, *line); !taken) return tl::unexpected(taken.error());
  auto tree = StreamTree::open(options.directory);
  if (!tree) return tl::unexpected(tree.error());
  auto path = prove_inclusion(options.seq, checkpoint->size, tree->roots());
  if (!path) return tl::unexpected(path.error());
  proof.path = *std::move(path);
  if (const auto holds = check_record_proof(proof, genesis->public_key); !holds) {
    return broken("record " + std::to_string(options.seq) +
                  " cannot be proved: " + holds.error().message + ": run portcullis audit verify");
  }
  return proof;
}

std::string to_json(const RecordProof& proof) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("format", format_name);
  json.integer("seq", static_cast<std::int64_t>(proof.seq));
  if (proof.line.empty()) {
    json.boolean("erased", true);
  } else {
    json.string("line", proof.line);
  }
  json.name("h").hex(proof.hash).name("mac").hex(proof.mac);
  json.name("leaf").hex(leaf_hash(proof.hash, proof.mac));
  json.name("path").begin_array();
  for (const Digest& node : proof.path) json.hex(node);
  json.end_array().string("checkpoint", proof.checkpoint);
  json.name("public_key").hex(proof.public_key).end_object();
  return out;
}

Result<RecordProof> parse_record_proof(std::string_view given) {
  if (given.size() > record_proof_bytes_max) return failure(Cause::limit, "the proof is too long");
  // People indent JSON; inside a string these could not stand anyway.
  std::string text(given);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  RecordFacts facts;
  if (const auto problem = check_strict_json(text, facts)) {
    return failure(Cause::invalid, "not a proof of a record: it holds " + *problem);
  }
  const Json json = Json::parse(text, nullptr, false);
  std::string format;
  if (!json.is_object() || !read(json, "format", format)) {
    return failure(Cause::invalid, "not a proof of a record");
  }
  if (format != format_name) {
    return failure(Cause::unsupported, "not a proof that this program knows: its format is not \"" +
                                           std::string(format_name) + '"');
  }
  RecordProof proof;
  Digest leaf;
  if (!read_members(json, proof) || !read_digest(json, "leaf", leaf)) {
    return failure(Cause::invalid, "not a proof of a record: a member is missing or not in form");
  }
  if (leaf != leaf_hash(proof.hash, proof.mac)) return broken("its leaf is not that of h and mac");
  return proof;
}

Result<ProvedRecord> check_record_proof(const RecordProof& proof, const PublicKey& public_key) {
  const auto checkpoint = open_checkpoint(proof.checkpoint, public_key);
  if (!checkpoint) return broken(checkpoint.error().message);
  ProvedRecord proved{checkpoint->origin, checkpoint->size, checkpoint->root, {}, {}};
  if (auto line = check_line(proof, proved); !line) return tl::unexpected(line.error());
  const Digest leaf = leaf_hash(proof.hash, proof.mac);
  if (!verify_inclusion({proof.seq, leaf, proved.size, proved.root}, proof.path)) {
    return broken("its path does not lead to the root that the checkpoint signs");
  }
  return proved;
}

}  // namespace portcullis::audit
