#include "audit/opening.h"

#include <nlohmann/json.hpp>

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

std::optional<PublicKey> key_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? std::nullopt : digest_of(*found);
}

std::optional<StatedPredecessor> read_predecessor(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  const auto key = key_member(json, "public_key");
  const auto note = text_member(json, "note");
  const auto reason = text_member(json, "reason");
  if (!key || !note || (reason != "rotated" && reason != "restored")) return std::nullopt;
  return StatedPredecessor{*key, *note, *reason};
}

StatedGenesis read_genesis(const Json& json, std::vector<std::string>& problems) {
  StatedGenesis genesis;
  if (const auto wrapped = text_member(json, "wrapped_key")) {
    genesis.wrapped_key = from_base64(*wrapped);
  }
  genesis.approver = key_member(json, "approver");
  if (json.contains("approver") && !genesis.approver) {
    problems.emplace_back("the approver's key is not in form");
  }
  const auto predecessor = json.find("predecessor");
  if (predecessor == json.end()) return genesis;
  genesis.predecessor = read_predecessor(*predecessor);
  if (!genesis.predecessor) problems.emplace_back("the predecessor is not in form");
  return genesis;
}

}  // namespace

Opening read_opening(std::string_view line) {
  Opening opening;
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return opening;
  opening.origin = text_member(json, "origin").value_or("");
  opening.public_key = key_member(json, "public_key");
  const auto frontier = json.find("frontier");
  if (frontier != json.end()) opening.frontier = digests_of(*frontier);
  opening.previous = text_member(json, "previous");
  const auto genesis = json.find("genesis");
  if (genesis != json.end() && genesis->is_object()) {
    opening.genesis = read_genesis(*genesis, opening.problems);
  }
  return opening;
}

std::optional<Digest> digest_of(const Json& value) {
  Digest out;
  if (!value.is_string() || !decode_hex(value.get_ref<const std::string&>(), out)) {
    return std::nullopt;
  }
  return out;
}

std::optional<std::vector<Digest>> digests_of(const Json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<Digest> out;
  for (const Json& item : value) {
    const auto digest = digest_of(item);
    if (!digest) return std::nullopt;
    out.push_back(*digest);
  }
  return out;
}

std::optional<std::string> text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace portcullis::audit
