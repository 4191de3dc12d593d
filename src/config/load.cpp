#include <algorithm>
#include <filesystem>
#include <tuple>

#include "base/yaml.h"
#include "config/config.h"
#include "config/sections.h"

namespace portcullis {
namespace {

constexpr std::size_t config_bytes_max = 1u << 20;

void validate(const Judge& judge) {
  validate_listen(judge);
  validate_limits(judge);
  validate_identity(judge);
  validate_upstreams(judge);
  validate_routes(judge);
  validate_classify(judge);
  validate_audit(judge);
  validate_anchors(judge);
}

// In the order of the file, whoever found them.
ConfigErrors texts(Diagnostics& diagnostics) {
  std::vector<Diagnostic> all = diagnostics.take();
  std::stable_sort(all.begin(), all.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.position.line, a.position.column) <
           std::tie(b.position.line, b.position.column);
  });
  ConfigErrors out;
  for (const Diagnostic& diagnostic : all) out.push_back(diagnostic.text());
  return out;
}

}  // namespace

tl::expected<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file) {
  Diagnostics diagnostics(file);
  const YamlNode root = parse_yaml(text, diagnostics, {.bytes_max = config_bytes_max});
  if (diagnostics.failed()) return tl::make_unexpected(texts(diagnostics));
  Config config;
  config.file = file;
  config.source = std::string(text);
  Reading reading{.diagnostics = diagnostics,
                  .directory = std::filesystem::path(file).parent_path()};
  Section section(&root, "", reading);
  read_config(section, config);
  validate({config, reading.positions, diagnostics});
  if (diagnostics.failed()) return tl::make_unexpected(texts(diagnostics));
  return config;
}

tl::expected<Config, ConfigErrors> load_config(const std::string& file) {
  const auto text = read_file(file, config_bytes_max);
  if (!text) return tl::make_unexpected(ConfigErrors{text.error().message});
  return parse_config(*text, file);
}

std::vector<KeyFacts> known_keys() {
  Diagnostics diagnostics("");
  Reading reading{.diagnostics = diagnostics, .purpose = Reading::Purpose::describe};
  Section section(nullptr, "", reading);
  Config config;
  read_config(section, config);
  return std::move(reading.keys);
}

IdentityRules Config::identity_rules() const {
  IdentityRules rules;
  for (const IssuerSection& issuer : identity.issuers) rules.issuers.push_back(issuer.rules);
  rules.clients = identity.clients;
  rules.clock_skew_s = identity.clock_skew.count();
  return rules;
}

ContentOptions Config::content_options(const RouteSection& route) const {
  return {.limits = {.body_bytes_max = limits.body_bytes_max,
                     .decoded_bytes_max = content.decoded_bytes_max,
                     .decoded_ratio_max = content.decoded_ratio_max,
                     .depth_max = content.depth_max,
                     .texts_max = content.texts_max},
          .extra_members = route.extra_members,
          .scan_unknown_members = route.scan_unknown_members};
}

}  // namespace portcullis
