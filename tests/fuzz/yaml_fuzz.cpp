// Any bytes: no crash, and either an error or a tree within the limits whose positions are inside.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"
#include "base/yaml.h"

namespace {

constexpr int depth_max = 8;

void check(const portcullis::YamlNode& node, int depth) {
  // The root and its scalars lie one below the last mapping or sequence.
  if (depth > depth_max + 1) std::abort();
  if (!portcullis::is_utf8(node.text)) std::abort();
  if (node.text.find('\0') != std::string::npos) std::abort();
  for (const auto& item : node.items) check(item, depth + 1);
  for (const auto& [key, value] : node.pairs) {
    if (key.kind != portcullis::YamlNode::Kind::scalar || key.position.line < 1) std::abort();
    check(value, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  portcullis::Diagnostics diagnostics("fuzz");
  const auto root = portcullis::parse_yaml({reinterpret_cast<const char*>(data), size}, diagnostics,
                                           {.bytes_max = 1 << 16, .depth_max = depth_max});
  if (diagnostics.failed() && diagnostics.all().empty()) std::abort();
  if (!diagnostics.failed()) check(root, 1);
  return 0;
}
