#include "audit/lookup.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/erased.h"
#include "audit/input.h"
#include "audit/reader.h"
#include "audit/recover.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

tl::unexpected<Error> not_in_log(std::uint64_t seq) {
  return failure(Cause::not_found, "record " + std::to_string(seq) + " is not in the log");
}

std::optional<std::uint64_t> seq_of(std::string_view line) {
  if (const auto record = parse_record(line)) return record->head.seq;
  if (const auto erased = parse_erased(line)) return erased->seq;
  return std::nullopt;
}

Result<std::string> find_line(const std::string& path, std::uint64_t seq) {
  auto reader = SegmentReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind == Line::Kind::end) return not_in_log(seq);
    if (line->kind == Line::Kind::record && seq_of(line->text) == seq) {
      return std::string(line->text);
    }
  }
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<PublicKey> key_of(const Json& object, const char* name) {
  const auto bytes = from_hex(text_of(object, name));
  PublicKey key;
  if (!bytes || bytes->size() != key.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

}  // namespace

Result<std::string> read_stored_line(const std::string& directory, std::uint64_t seq) {
  const auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  if (segments->empty()) return failure(Cause::not_found, "there is no audit log in " + directory);
  const auto after = std::upper_bound(
      segments->begin(), segments->end(), seq,
      [](std::uint64_t value, const SegmentName& segment) { return value < segment.first_seq; });
  if (after == segments->begin()) return not_in_log(seq);
  return find_line(directory + '/' + std::prev(after)->name, seq);
}

Result<StreamFacts> read_stream_facts(const std::string& directory) {
  const auto line = read_stored_line(directory, 0);
  if (!line) return tl::unexpected(line.error());
  const auto record = parse_record(*line);
  const Json json = Json::parse(*line, nullptr, false);
  const auto key = json.is_object() ? key_of(json, "public_key") : std::nullopt;
  if (!record || record->head.type != RecordType::open || !key) {
    return failure(Cause::untrusted,
                   "the first record in " + directory + " is not one that opens a stream");
  }
  StreamFacts facts;
  facts.stream = record->head.stream;
  facts.origin = text_of(json, "origin");
  facts.public_key = *key;
  const auto own = json.find("genesis");
  if (own != json.end() && own->is_object()) facts.approver = key_of(*own, "approver");
  return facts;
}

Result<std::string> read_checkpoint_of_size(const std::string& directory, std::uint64_t size) {
  const auto line = read_stored_line(directory, size);
  if (!line && line.error().cause != Cause::not_found) return line;
  const Json json = line ? Json::parse(*line, nullptr, false) : Json::object();
  const std::string type = json.is_object() ? text_of(json, "type") : std::string();
  std::string note;
  if (type == record_type_name(RecordType::checkpoint)) note = text_of(json, "note");
  if (type == record_type_name(RecordType::open)) note = text_of(json, "previous");
  if (note.empty()) {
    return failure(Cause::not_found,
                   "the log carries no signed checkpoint of " + std::to_string(size) + " records");
  }
  return note;
}

Result<std::string> read_newest_checkpoint(const std::string& directory) {
  return read_small_file(directory + '/' + checkpoint_file_name);
}

}  // namespace portcullis::audit
