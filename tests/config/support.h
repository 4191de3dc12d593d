// A small valid configuration and ways to break it, for the tests of src/config.
//
// Pure functions. Lifetimes: everything is returned by value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace portcullis::test {

// Valid; all required keys, one a line. The file name in messages is "dir/p.yaml".
inline constexpr std::string_view minimal_config =
    "identity:\n"                                  // 1
    "  issuers:\n"                                 // 2
    "    - issuer: https://id.example.com\n"       // 3
    "      audience: [portcullis]\n"               // 4
    "upstreams:\n"                                 // 5
    "  - name: gateway\n"                          // 6
    "    url: https://gateway.example.com/base\n"  // 7
    "routes:\n"                                    // 8
    "  - path: /v1/*\n"                            // 9
    "    upstream: gateway\n"                      // 10
    "policy: {file: policy.yaml}\n"                // 11
    "audit: {directory: audit, keys: /keys}\n";    // 12, appended text begins at line 13

inline tl::expected<Config, ConfigErrors> parse(std::string_view text) {
  return parse_config(text, "dir/p.yaml");
}

inline ConfigErrors errors_of(std::string_view text) {
  const auto config = parse(text);
  return config ? ConfigErrors{} : config.error();
}

// The minimal configuration with each `from` (which must occur) replaced once by `to`.
inline std::string with(std::string_view from, std::string_view to) {
  std::string text(minimal_config);
  const std::size_t at = text.find(from);
  if (at == std::string::npos) return "the test is wrong: no " + std::string(from);
  return text.replace(at, from.size(), to);
}

inline std::string plus(std::string_view appended) {
  return std::string(minimal_config) + std::string(appended);
}

}  // namespace portcullis::test
