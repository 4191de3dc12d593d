#include "identity/key_set.h"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "identity/strict_json.h"

namespace portcullis {
namespace {

using nlohmann::json;

// Takes one element of the set in, or notes why not. Only a duplicate or a non-object is an error.
Result<void> add_key(const json& jwk, std::size_t index, std::set<std::string>& seen,
                     KeySet::Keys& keys) {
  const std::string place = "keys[" + std::to_string(index) + "]";
  if (!jwk.is_object()) return failure(Cause::invalid, place + " is not an object");
  const auto key_id = read_text(jwk, "kid");
  if (!key_id.value || !is_identifier(*key_id.value)) {
    keys.left_out.push_back(place + ": no usable \"kid\"");
    return {};
  }
  if (!seen.insert(*key_id.value).second) {
    return failure(Cause::invalid, place + " has a \"kid\" that an earlier key has");
  }
  auto key = read_verification_key(jwk);
  if (!key) {
    keys.left_out.push_back(place + ": " + key.error().message);
    return {};
  }
  keys.by_id.emplace(*key_id.value, std::move(*key));
  return {};
}

}  // namespace

const VerificationKey* KeySet::Keys::find(std::string_view key_id) const {
  const auto found = by_id.find(key_id);
  return found == by_id.end() ? nullptr : &found->second;
}

KeySet::KeySet(std::unique_ptr<const Keys> keys) : keys_(std::move(keys)) {}
KeySet::~KeySet() = default;

bool KeySet::contains(std::string_view key_id) const { return keys_->find(key_id) != nullptr; }
std::size_t KeySet::size() const { return keys_->by_id.size(); }
const std::vector<std::string>& KeySet::left_out() const { return keys_->left_out; }

Result<std::shared_ptr<const KeySet>> KeySet::parse(std::string_view jwks_json) {
  const auto object = parse_strict_object(jwks_json);
  if (!object) return failure(object.error().cause, "key set: " + object.error().message);
  const auto list = object->find("keys");
  if (list == object->end() || !list->is_array()) {
    return failure(Cause::invalid, "key set: no array \"keys\"");
  }
  if (list->size() > keys_max) {
    return failure(Cause::limit, "key set: more than " + std::to_string(keys_max) + " keys");
  }
  auto keys = std::make_unique<Keys>();
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (const auto added = add_key((*list)[i], i, seen, *keys); !added) {
      return failure(added.error().cause, "key set: " + added.error().message);
    }
  }
  if (keys->by_id.empty()) {
    std::string message = "key set: no key that can verify RS256 or ES256";
    if (!keys->left_out.empty()) message += "; " + keys->left_out.front();
    return failure(Cause::unsupported, std::move(message));
  }
  return std::make_shared<const KeySet>(std::move(keys));
}

}  // namespace portcullis
