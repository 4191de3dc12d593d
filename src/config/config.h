// The configuration: one struct a section, each field's comment is the manual.
//
// One strict YAML file (base/yaml.h). load() parses, validate() judges the whole: pure, and both
// report all errors at once with file:line:column. Nothing is opened, bound or created here except
// reading the file. Relative paths in it are relative to the file's own directory; after load() all
// paths are absolute or relative to the working directory as given.
//
// Thread-safety: plain values, immutable after loading.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "content/content.h"
#include "portcullis/audit.h"
#include "portcullis/classify.h"
#include "portcullis/identity.h"

namespace portcullis {

using Milliseconds = std::chrono::milliseconds;

struct ListenAddress {  // where to listen
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free port (tests)
};

struct TlsFiles {
  std::string certificate;  // PEM chain; empty: plain HTTP
  std::string private_key;  // PEM, mode 0600
};

// A secret, given by reference only.
struct SecretReference {
  std::string env;   // name of an environment variable, or
  std::string file;  // a file whose content, without the last line break, is the secret
  Result<std::string> read() const;
};

struct ListenSection {
  ListenAddress endpoint;
  TlsFiles tls;
  std::string public_url;  // how callers see us; for resource_metadata; may be empty
  std::vector<std::string>
      trusted_proxies;                    // addresses or CIDR networks whose X-Forwarded-For counts
  std::vector<std::string> cors_origins;  // exact origins whose preflights are answered
  int workers = 0;                        // worker threads; 0: one per core
};

struct LimitsSection {
  std::size_t connections_max = 4096;             // open client connections, all workers together
  std::size_t connections_per_source_max = 2048;  // of one /24 or /48; trusted proxies are exempt
  std::size_t header_bytes_max = 65536;           // request line and header block
  std::size_t header_fields_max = 128;
  std::size_t body_bytes_max = 16u << 20;           // as received
  std::size_t answer_bytes_max = 64u << 20;         // of an unstreamed answer
  std::size_t exchange_memory_max = 256u << 20;     // one exchange's buffers together
  std::size_t memory_max = std::size_t{2} << 30;    // all exchanges' bodies together, times 8
  std::size_t memory_per_subject_max = 512u << 20;  // those of one person
  Milliseconds header_timeout{10'000};           // first byte of a request to the end of its head
  Milliseconds body_timeout{60'000};             // end of the head to the end of the body
  Milliseconds idle_timeout{75'000};             // a kept connection without a request
  Milliseconds write_timeout{30'000};            // one write to the client
  Milliseconds classify_timeout{10'000};         // extract to transform of one body
  Milliseconds commit_timeout{10'000};           // the audit log's answer
  Milliseconds stream_max{900'000};              // a whole streamed answer
  Milliseconds drain_timeout{30'000};            // SIGTERM to cutting what is left
  std::size_t compute_bytes_min = 65536;         // larger bodies are classified off the I/O workers
  std::size_t token_verifications_per_s = 2000;  // uncached tokens, all sources, per worker
  std::size_t token_verifications_per_source_s =
      50;                                   // uncached tokens of one /24 or /48, per worker
  std::size_t token_cache_entries = 16384;  // per worker
};

struct IssuerSection {
  IssuerRules rules;
  std::string jwks_file;  // instead of discovery; for air-gapped use
  std::string jwks_uri;   // instead of the discovery document's
  std::string ca_file;    // PEM; empty: the system's
};

struct IdentitySection {
  std::vector<IssuerSection> issuers;
  std::vector<ClientEntry> clients;
  std::string directory_file;  // empty: no directory, the profile's sign must prove a person
  std::chrono::seconds directory_age_max{
      86400};  // by the file's mtime; beyond it: denied. 0: no limit
  std::chrono::seconds clock_skew{60};
  std::chrono::seconds jwks_refresh{300};    // background refresh
  std::chrono::seconds jwks_age_max{86400};  // hard: older keys verify nothing
  std::chrono::seconds jwks_cooldown{30};    // at most one refetch for unknown kids in this time
  Milliseconds fetch_timeout{5'000};
  std::size_t fetch_bytes_max = 1u << 20;
};

struct UpstreamHeader {
  std::string name;
  std::string value;           // literal, or
  SecretReference value_from;  // by reference
  std::string prefix;          // put before a referenced value, e.g. "Bearer "
};

struct UpstreamSection {
  std::string name;
  std::string url;               // http:// or https://, host, port, optional base path
  std::string gateway = "none";  // none, portkey, litellm, kong, mlflow, databricks, helicone
  std::optional<std::string> region;
  std::optional<UpstreamHeader> credential;  // injected; the caller's own never passes
  std::vector<UpstreamHeader> headers;       // injected as well, e.g. x-portkey-provider
  std::string ca_file;                       // PEM; empty: the system's
  std::size_t connections_max = 1024;        // per worker
  Milliseconds connect_timeout{3'000};
  Milliseconds first_byte_timeout{120'000};  // request sent to the answer's head
  Milliseconds idle_timeout{60'000};         // between two reads of an answer
  Milliseconds pool_idle{55'000};            // a kept upstream connection without an exchange
};

struct RouteSection {
  std::string path;  // "/v1/*": a prefix, or an exact path
  std::string upstream;
  std::string surface = "openai";
  std::string identity_header = "Authorization";  // or x-api-key, api-key, x-goog-api-key,
                                                  // Portcullis-Identity
  std::vector<std::string> extra_members;         // JSON pointers of body members to allow and scan
  bool scan_unknown_members = false;              // unknown_members: deny (default) or scan
};

struct ContentSection {
  std::size_t decoded_bytes_max = 32u << 20;
  std::size_t decoded_ratio_max = 200;
  int depth_max = 64;
  std::size_t texts_max = 200000;
};

// Who stamps checkpoints with a time that the operator cannot choose (RFC 3161).
struct TimeStampSection {
  std::string url;          // http:// or https://: the reply is signed
  std::string ca_file;      // PEM: the roots that a reply must lead to
  std::string tls_ca_file;  // PEM, of an https:// url; empty: the system's
  std::chrono::seconds every{600};
  Milliseconds timeout{10'000};
};

// Who cosigns checkpoints if they only ever grow (C2SP tlog-witness).
struct WitnessSection {
  std::string url;          // the submission prefix; http:// or https://: the answer is signed
  std::string key;          // verifier key, or
  std::string key_file;     // a file with one
  std::string tls_ca_file;  // PEM, of an https:// url; empty: the system's
  std::chrono::seconds every{600};
  Milliseconds timeout{10'000};
};

struct AnchorsSection {
  std::optional<TimeStampSection> time_stamp;
  std::vector<WitnessSection> witnesses;
};

struct Config {
  std::string file;    // where it was loaded from
  std::string source;  // its bytes
  ListenSection listen;
  std::optional<ListenAddress> admin;  // health and metrics; absent: none
  LimitsSection limits;
  IdentitySection identity;
  std::vector<UpstreamSection> upstreams;
  std::vector<RouteSection> routes;
  std::string policy_file;
  ClassifierOptions classify;
  ContentSection content;
  AuditOptions audit;
  AnchorsSection anchors;          // audit.anchors
  std::string log_level = "info";  // debug, info, warning, error

  IdentityRules identity_rules() const;
  ContentOptions content_options(const RouteSection& route) const;
};

// All errors, each "file:line:column: ...".
using ConfigErrors = std::vector<std::string>;
tl::expected<Config, ConfigErrors> load_config(const std::string& file);
tl::expected<Config, ConfigErrors> parse_config(std::string_view text, const std::string& file);

// Whole-file reading for everything that a configuration names. Refuses more than `bytes_max`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max = 64u << 20);

}  // namespace portcullis
