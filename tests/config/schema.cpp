#include "config/schema.h"

#include <string>
#include <string_view>

namespace portcullis::test {
namespace {

using nlohmann::ordered_json;

ordered_json mapping() {
  return {
      {"type", "object"}, {"additionalProperties", false}, {"properties", ordered_json::object()}};
}

ordered_json scalar_of(const KeyFacts& key) {
  switch (key.kind) {
    case KeyKind::text: {
      ordered_json out = {{"type", "string"}};
      if (!key.choices.empty()) out["enum"] = key.choices;
      return out;
    }
    case KeyKind::flag:
      return {{"type", "boolean"}};
    case KeyKind::count:
      return {{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}};
    case KeyKind::bytes:
      return {{"type", "string"}, {"pattern", "^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$"}};
    case KeyKind::duration:
      return {{"type", "string"}, {"pattern", "^(0|[1-9][0-9]*)(ms|s|m|h|d)$"}};
    case KeyKind::texts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
    case KeyKind::mapping:
      return mapping();
    case KeyKind::list:
      return {{"type", "array"}, {"items", mapping()}};
  }
  return {};
}

ordered_json described(const KeyFacts& key) {
  ordered_json out = scalar_of(key);
  if (key.need == Need::required && (key.kind == KeyKind::list || key.kind == KeyKind::texts)) {
    out["minItems"] = 1;
  }
  if (key.kind == KeyKind::count) out["default"] = std::stoll(key.initial);
  const bool written = key.kind == KeyKind::bytes || key.kind == KeyKind::duration ||
                       (key.kind == KeyKind::text && !key.initial.empty());
  if (written) out["default"] = key.initial;
  return out;
}

// The schema of the mapping at "a.b[]", which an earlier key has made.
ordered_json& mapping_at(ordered_json& root, std::string_view path) {
  ordered_json* at = &root;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    std::string_view name = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    const bool list = name.ends_with("[]");
    if (list) name.remove_suffix(2);
    at = &(*at)["properties"].at(std::string(name));
    if (list) at = &(*at)["items"];
  }
  return *at;
}

}  // namespace

ordered_json schema_of(const std::vector<KeyFacts>& keys) {
  ordered_json root = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "Portcullis configuration"}};
  root.update(mapping());
  for (const KeyFacts& key : keys) {
    const std::size_t dot = key.path.rfind('.');
    const bool top = dot == std::string::npos;
    ordered_json& parent = mapping_at(root, top ? "" : std::string_view(key.path).substr(0, dot));
    const std::string name = top ? key.path : key.path.substr(dot + 1);
    parent["properties"][name] = described(key);
    if (key.need == Need::required) parent["required"].push_back(name);
  }
  for (const char* section : {"identity", "policy", "audit"}) root["required"].push_back(section);
  return root;
}

}  // namespace portcullis::test
