// The readers of the configuration's sections and the judges of the whole. src/config only.
//
// read_* fill one struct each from its Section and refuse unknown keys. validate_* are pure: they
// look at the finished Config and report what contradicts itself, at the position of the culprit.
// Thread-safety: none, one load is one thread. Lifetimes: a Judge refers to its three parts.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/yaml.h"
#include "config/config.h"
#include "config/reader.h"

namespace portcullis {

inline constexpr std::string_view gateway_names[] = {"none",   "portkey",    "litellm", "kong",
                                                     "mlflow", "databricks", "helicone"};
inline constexpr std::string_view identity_headers[] = {"Authorization", "x-api-key", "api-key",
                                                        "x-goog-api-key", "Portcullis-Identity"};
inline constexpr std::string_view surface_names[] = {"openai"};
inline constexpr std::string_view client_kinds[] = {"interactive", "agent", "batch"};
inline constexpr std::string_view log_levels[] = {"debug", "info", "warning", "error"};

// The whole file.
void read_config(Section& root, Config& config);

void read_listen(Section section, ListenSection& out);
void read_admin(Section& section, std::optional<ListenAddress>& out);
void read_limits(Section section, LimitsSection& out);
void read_identity(Section section, IdentitySection& out);
void read_upstream(Section& section, UpstreamSection& out);
void read_route(Section& section, RouteSection& out);
void read_classify(Section section, ClassifierOptions& out);
void read_content(Section section, ContentSection& out);
void read_audit(Section section, Config& out);
void read_anchors(Section section, AnchorsSection& out);

struct Judge {
  const Config& config;
  const Positions& positions;
  Diagnostics& diagnostics;

  void error(const std::string& path, const std::string& message) const {
    diagnostics.error(positions.find(path), path + ": " + message);
  }
};

void validate_listen(const Judge& judge);
void validate_identity(const Judge& judge);
void validate_upstreams(const Judge& judge);
void validate_routes(const Judge& judge);
void validate_limits(const Judge& judge);
void validate_classify(const Judge& judge);
void validate_audit(const Judge& judge);
void validate_anchors(const Judge& judge);

}  // namespace portcullis
