// Any bytes as a configuration: no crash, and either a configuration or at least one error.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = portcullis::parse_config(text, "fuzz.yaml");
  if (!config) {
    if (config.error().empty()) std::abort();
    return 0;
  }
  // INVARIANT: what was accepted is usable: every route has its upstream, every issuer an audience.
  if (config->source != text || config->routes.empty()) std::abort();
  for (const auto& issuer : config->identity.issuers) {
    if (issuer.rules.audience.empty() || issuer.rules.algorithms.empty()) std::abort();
  }
  for (const auto& route : config->routes) {
    bool found = false;
    for (const auto& upstream : config->upstreams) found = found || upstream.name == route.upstream;
    if (!found) std::abort();
  }
  return 0;
}
