#include <algorithm>
#include <filesystem>

#include "config/sections.h"

namespace portcullis {
namespace {

constexpr std::int64_t kib = 1 << 10;
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t gib = 1 << 30;
constexpr std::int64_t minute = 60;
constexpr std::int64_t hour = 3600;
constexpr std::int64_t day = 86400;

constexpr std::string_view confidence_names[] = {"low", "medium", "high"};
constexpr std::string_view profile_names[] = {"generic", "keycloak"};

Confidence confidence_from(std::string_view name) {
  if (name == "low") return Confidence::low;
  return name == "high" ? Confidence::high : Confidence::medium;
}

void read_confidence(Section& section, std::string_view key, Confidence& out) {
  std::string name(confidence_name(out));
  section.choice(key, name, confidence_names);
  out = confidence_from(name);
}

void read_issuer(Section& section, IssuerSection& out) {
  IssuerRules& rules = out.rules;
  section.text("issuer", rules.issuer, Need::required);
  std::string profile = "generic";
  section.choice("profile", profile, profile_names);
  rules.profile = profile == "keycloak" ? IdentityProfile::keycloak : IdentityProfile::generic;
  section.texts("audience", rules.audience, Need::required);
  section.texts("algorithms", rules.algorithms);
  section.texts("clients", rules.clients);
  section.texts("types", rules.types);
  std::chrono::seconds lifetime_max(rules.lifetime_max_s);
  section.duration("lifetime_max", lifetime_max, {minute, 30 * day});
  rules.lifetime_max_s = lifetime_max.count();
  section.text("groups_claim", rules.groups_claim);
  section.file_path("jwks_file", out.jwks_file);
  section.text("jwks_uri", out.jwks_uri);
  section.file_path("ca_file", out.ca_file);
}

void read_client(Section& section, ClientEntry& out) {
  section.text("id", out.id, Need::required);
  out.kind = "interactive";
  section.choice("kind", out.kind, client_kinds);
  section.text("purpose", out.purpose);
  section.text("owner", out.owner);
}

void read_custom(Section& section, CustomDetector& out) {
  section.text("type", out.type, Need::required);
  section.text("class", out.data_class, Need::required);
  section.text("pattern", out.pattern, Need::required);
  section.texts("keywords", out.keywords);
  section.count("distance", out.distance, {1, 1000});
  section.text("checksum", out.checksum);
  read_confidence(section, "confidence", out.confidence);
}

}  // namespace

void read_identity(Section section, IdentitySection& out) {
  section.each("issuers", Need::required,
               [&](Section& item) { read_issuer(item, out.issuers.emplace_back()); });
  section.each("clients", Need::optional,
               [&](Section& item) { read_client(item, out.clients.emplace_back()); });
  if (auto directory = section.optional_section("directory")) {
    directory->file_path("file", out.directory_file, Need::required);
    directory->duration("age_max", out.directory_age_max, {0, 365 * day});
    directory->finish();
  }
  section.duration("clock_skew", out.clock_skew, {0, 5 * minute});
  section.duration("jwks_refresh", out.jwks_refresh, {1, day});
  section.duration("jwks_age_max", out.jwks_age_max, {minute, 30 * day});
  section.duration("jwks_cooldown", out.jwks_cooldown, {1, hour});
  section.duration("fetch_timeout", out.fetch_timeout, {100, 60'000});
  section.bytes("fetch_bytes_max", out.fetch_bytes_max, {kib, 16 * mib});
  section.finish();
}

void read_classify(Section section, ClassifierOptions& out) {
  std::vector<std::string> detectors = {"builtin"};
  section.texts("detectors", detectors);
  if (detectors != std::vector<std::string>{"builtin"}) {
    section.error("detectors", "expected [builtin]; an organisation's own go under custom");
  }
  section.texts("countries", out.countries);
  section.each("custom", Need::optional,
               [&](Section& item) { read_custom(item, out.custom.emplace_back()); });
  read_confidence(section, "minimum_confidence", out.minimum_confidence);
  section.bytes("work_bytes_max", out.work_bytes_max, {mib, 4 * gib});
  section.finish();
}

void read_content(Section section, ContentSection& out) {
  section.bytes("decoded_bytes_max", out.decoded_bytes_max, {kib, gib});
  section.count("decoded_ratio_max", out.decoded_ratio_max, {1, 10'000});
  section.count("depth_max", out.depth_max, {4, 512});
  section.count("texts_max", out.texts_max, {1, 10'000'000});
  section.finish();
}

void read_audit(Section section, Config& config) {
  AuditOptions& out = config.audit;
  section.file_path("directory", out.directory, Need::required);
  std::string keys;
  section.file_path("keys", keys, Need::required);
  if (!keys.empty()) {
    const std::filesystem::path directory(keys);
    out.signing_key_file = directory / "signing.pem";
    out.escrow_public_key_file = directory / "escrow.pub";
    out.evidence_key_file = directory / "evidence.key";
  }
  section.file_path("approver_key", out.approver_key_file);
  section.text("deployment", out.deployment);
  section.bytes("segment_bytes_max", out.segment_bytes_max, {mib, 16 * gib});
  section.duration("segment_age_max", out.segment_age_max, {minute, 7 * day});
  section.flag("compress_sealed", out.compress_sealed);
  section.count("queue_records_max", out.queue_records_max, {16, 10'000'000});
  section.bytes("record_bytes_max", out.record_bytes_max, {16 * kib, 16 * mib});
  section.bytes("reserve_bytes_min", out.reserve_bytes_min, {mib, 1024 * gib});
  section.texts("allow_filesystem", out.allow_filesystem);
  read_anchors(section.section("anchors"), config.anchors);
  section.finish();
}

void read_config(Section& root, Config& config) {
  read_listen(root.section("listen"), config.listen);
  if (auto admin = root.optional_section("admin")) read_admin(*admin, config.admin);
  read_limits(root.section("limits"), config.limits);
  read_identity(root.section("identity"), config.identity);
  root.each("upstreams", Need::required,
            [&](Section& item) { read_upstream(item, config.upstreams.emplace_back()); });
  root.each("routes", Need::required,
            [&](Section& item) { read_route(item, config.routes.emplace_back()); });
  Section policy = root.section("policy");
  policy.file_path("file", config.policy_file, Need::required);
  policy.finish();
  read_classify(root.section("classify"), config.classify);
  read_content(root.section("content"), config.content);
  read_audit(root.section("audit"), config);
  Section log = root.section("log");
  log.choice("level", config.log_level, log_levels);
  log.finish();
  root.finish();
}

}  // namespace portcullis
