#include "audit/predecessor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/checkpoint.h"
#include "audit/input.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

constexpr const char* file_name = "predecessor";

std::optional<Succession> succession_from_name(std::string_view name) {
  for (const Succession reason : {Succession::rotated, Succession::restored}) {
    if (succession_name(reason) == name) return reason;
  }
  return std::nullopt;
}

std::string text_member(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Predecessor> parse(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto key = from_hex(text_member(json, "public_key"));
  const auto reason = succession_from_name(text_member(json, "reason"));
  if (!key || key->size() != sizeof(PublicKey) || !reason) return std::nullopt;
  Predecessor out;
  std::copy(key->begin(), key->end(), out.public_key.begin());
  out.note = text_member(json, "note");
  out.reason = *reason;
  return out;
}

}  // namespace

std::string_view succession_name(Succession reason) {
  switch (reason) {
    case Succession::rotated:
      return "rotated";
    case Succession::restored:
      return "restored";
  }
  return "restored";
}

std::string to_json(const Predecessor& predecessor) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().name("public_key").hex(predecessor.public_key);
  json.string("note", predecessor.note);
  json.string("reason", succession_name(predecessor.reason)).end_object();
  return out;
}

Result<std::optional<Predecessor>> load_predecessor(const std::string& directory) {
  const std::string path = directory + '/' + file_name;
  const auto text = read_small_file(path);
  if (!text && text.error().cause == Cause::not_found) return std::nullopt;
  if (!text) return tl::unexpected(text.error());
  const auto predecessor = parse(*text);
  if (!predecessor) return failure(Cause::invalid, path + " does not describe a predecessor");
  if (const auto stream = stream_of(*predecessor); !stream) {
    return failure(stream.error().cause, path + ": " + stream.error().message);
  }
  return predecessor;
}

Result<void> store_predecessor(FileSystem& files, const std::string& directory,
                               const Predecessor& predecessor) {
  return replace_file(files, {directory, file_name, to_json(predecessor) + '\n'});
}

Result<void> remove_predecessor(FileSystem& files, const std::string& directory) {
  return remove_file(files, {directory, file_name});
}

Result<StreamId> stream_of(const Predecessor& predecessor) {
  const auto checkpoint = open_checkpoint(predecessor.note, predecessor.public_key);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  const std::string& origin = checkpoint->origin;
  const auto stream = from_hex(std::string_view(origin).substr(origin.rfind('/') + 1));
  StreamId out;
  if (!stream || stream->size() != out.size()) {
    return failure(Cause::invalid, "the checkpoint's origin does not name a stream");
  }
  std::copy(stream->begin(), stream->end(), out.begin());
  return out;
}

}  // namespace portcullis::audit
