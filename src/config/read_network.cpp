#include <cctype>

#include "config/address.h"
#include "config/sections.h"

namespace portcullis {
namespace {

constexpr std::int64_t kib = 1 << 10;
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t gib = 1 << 30;
constexpr Range short_wait{10, 600'000};        // milliseconds
constexpr Range long_wait{100, 24 * 3600'000};  // milliseconds

bool is_authorization(std::string_view name) {
  constexpr std::string_view expected = "authorization";
  return std::equal(name.begin(), name.end(), expected.begin(), expected.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

void read_endpoint(Section& section, ListenAddress& out) {
  std::string text = out.address + ":" + std::to_string(out.port);
  section.text("address", text);
  const auto endpoint = parse_listen_address(text);
  if (endpoint) {
    out = *endpoint;
  } else {
    section.error("address", endpoint.error().message);
  }
}

void read_secret(Section section, SecretReference& out) {
  section.text("env", out.env);
  section.file_path("file", out.file);
  section.finish();
}

// The name, and the value by reference; a scalar here would be the secret itself.
void read_reference(Section& section, UpstreamHeader& out) {
  section.text("header", out.name, Need::required);
  if (section.is_scalar("value_from")) {
    section.refuse("value_from",
                   "expected {env: NAME} or {file: PATH}: a secret is never written inline");
    return;
  }
  if (auto from = section.optional_section("value_from")) {
    read_secret(std::move(*from), out.value_from);
    if (is_authorization(out.name)) out.prefix = "Bearer ";
  }
  section.text("prefix", out.prefix);
}

void read_credential(Section section, UpstreamHeader& out) {
  read_reference(section, out);
  if (section.has("value")) {
    section.refuse("value",
                   "a secret is never written inline: use value_from: {env: NAME} or {file: PATH}");
  }
  section.finish();
}

}  // namespace

void read_listen(Section section, ListenSection& out) {
  read_endpoint(section, out.endpoint);
  if (auto tls = section.optional_section("tls")) {
    tls->file_path("certificate", out.tls.certificate, Need::required);
    tls->file_path("private_key", out.tls.private_key, Need::required);
    tls->finish();
  }
  section.text("public_url", out.public_url);
  section.texts("trusted_proxies", out.trusted_proxies);
  section.texts("cors_origins", out.cors_origins);
  section.count("workers", out.workers, {0, 1024});
  section.finish();
}

void read_admin(Section& section, std::optional<ListenAddress>& out) {
  out = ListenAddress{"127.0.0.1", 9090};
  read_endpoint(section, *out);
  section.finish();
}

void read_limits(Section section, LimitsSection& out) {
  section.count("connections_max", out.connections_max, {1, 1'000'000});
  section.count("connections_per_source_max", out.connections_per_source_max, {1, 1'000'000});
  section.bytes("header_bytes_max", out.header_bytes_max, {4 * kib, mib});
  section.count("header_fields_max", out.header_fields_max, {16, 1024});
  section.bytes("body_bytes_max", out.body_bytes_max, {kib, gib});
  section.bytes("answer_bytes_max", out.answer_bytes_max, {kib, gib});
  section.bytes("exchange_memory_max", out.exchange_memory_max, {mib, 8 * gib});
  section.bytes("memory_max", out.memory_max, {64 * mib, 1024 * gib});
  section.bytes("memory_per_subject_max", out.memory_per_subject_max, {mib, 1024 * gib});
  section.duration("header_timeout", out.header_timeout, short_wait);
  section.duration("body_timeout", out.body_timeout, short_wait);
  section.duration("idle_timeout", out.idle_timeout, long_wait);
  section.duration("write_timeout", out.write_timeout, short_wait);
  section.duration("classify_timeout", out.classify_timeout, short_wait);
  section.duration("commit_timeout", out.commit_timeout, short_wait);
  section.duration("stream_max", out.stream_max, long_wait);
  section.duration("drain_timeout", out.drain_timeout, long_wait);
  section.bytes("compute_bytes_min", out.compute_bytes_min, {kib, gib});
  section.count("token_verifications_per_s", out.token_verifications_per_s, {1, 1'000'000});
  section.count("token_verifications_per_source_s", out.token_verifications_per_source_s,
                {1, 1'000'000});
  section.count("token_cache_entries", out.token_cache_entries, {0, 10'000'000});
  section.finish();
}

void read_upstream(Section& section, UpstreamSection& out) {
  section.text("name", out.name, Need::required);
  section.text("url", out.url, Need::required);
  section.choice("gateway", out.gateway, gateway_names);
  section.optional_text("region", out.region);
  if (auto credential = section.optional_section("credential")) {
    read_credential(std::move(*credential), out.credential.emplace());
  }
  section.each("headers", Need::optional, [&](Section& item) {
    UpstreamHeader& header = out.headers.emplace_back();
    read_reference(item, header);
    item.text("value", header.value);
  });
  section.file_path("ca_file", out.ca_file);
  section.count("connections_max", out.connections_max, {1, 100'000});
  section.duration("connect_timeout", out.connect_timeout, short_wait);
  section.duration("first_byte_timeout", out.first_byte_timeout, long_wait);
  section.duration("idle_timeout", out.idle_timeout, long_wait);
  section.duration("pool_idle", out.pool_idle, long_wait);
}

void read_route(Section& section, RouteSection& out) {
  constexpr std::string_view unknown_member_choices[] = {"deny", "scan"};
  section.text("path", out.path, Need::required);
  section.text("upstream", out.upstream, Need::required);
  section.choice("surface", out.surface, surface_names);
  section.choice("identity_header", out.identity_header, identity_headers);
  section.texts("extra_members", out.extra_members);
  std::string unknown_members = "deny";
  section.choice("unknown_members", unknown_members, unknown_member_choices);
  out.scan_unknown_members = unknown_members == "scan";
}

}  // namespace portcullis
