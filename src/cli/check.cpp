// portcullis check: the configuration and everything that it names, before the daemon does.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "audit/escrow.h"
#include "audit/host.h"
#include "audit/input.h"
#include "audit/recover.h"
#include "base/json_out.h"
#include "cli/command.h"
#include "config/config.h"
#include "content/content.h"
#include "net/anchors.h"
#include "net/listener.h"
#include "net/upstream_pool.h"
#include "portcullis/classify.h"
#include "portcullis/identity.h"
#include "portcullis/policy.h"

namespace portcullis::cli {
namespace {

constexpr std::size_t small_file_bytes_max = 1u << 20;

struct Options {
  std::string config_file;
  bool json = false;
};

enum class Status : std::uint8_t { ok, warning, error };

std::string_view status_name(Status status) {
  switch (status) {
    case Status::ok:
      return "OK";
    case Status::warning:
      return "WARNING";
    case Status::error:
      return "ERROR";
  }
  return "ERROR";
}

struct Line {
  Status status;
  std::string message;
};

class Report {
 public:
  void ok(std::string message) { lines_.push_back({Status::ok, std::move(message)}); }
  void warning(std::string message) { lines_.push_back({Status::warning, std::move(message)}); }
  void error(std::string message) { lines_.push_back({Status::error, std::move(message)}); }
  void errors(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) error(message);
  }
  // The outcome of one thing that can be read or not.
  template <class T>
  void outcome(const std::string& what, const Result<T>& result) {
    result ? ok(what) : error(what + ": " + result.error().message);
  }

  bool good() const {
    for (const Line& line : lines_) {
      if (line.status == Status::error) return false;
    }
    return true;
  }
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::vector<Line> lines_;
};

// Only its owner may read or write it.
Result<void> check_private(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return failure(Cause::not_found, path + ": cannot be read");
  }
  if ((status.st_mode & 077) == 0) return {};
  return failure(Cause::untrusted,
                 path + " is a secret that others may read or write: its mode must be 0600");
}

// With the daemon's own reading of them: certificates parse, and a key belongs to its certificate.
void check_certificates(const std::string& what, const std::string& path, Report& report) {
  if (!path.empty()) report.outcome(what + " " + path, make_client_tls(path));
}

void check_listen(const TlsFiles& tls, Report& report) {
  if (tls.certificate.empty()) return;
  report.outcome("listen.tls", make_server_tls(tls));
  report.outcome("listen.tls.private_key " + tls.private_key, check_private(tls.private_key));
}

std::shared_ptr<const Classifier> check_detectors(const Config& config, Report& report) {
  auto classifier = Classifier::compile(config.classify);
  if (!classifier) {
    report.error("classify: " + classifier.error().message);
    return nullptr;
  }
  report.ok("classify: " + std::to_string((*classifier)->types().size()) + " types of data in " +
            std::to_string((*classifier)->classes().size()) + " classes");
  return *classifier;
}

// A policy is judged against what the detectors can report: without them it cannot be.
void check_policy(const Config& config, const Classifier* classifier, Report& report) {
  if (classifier == nullptr) return;
  const auto text = read_file(config.policy_file);
  if (!text) {
    report.error("policy.file: " + text.error().message);
    return;
  }
  PolicyContext context;
  context.data_classes = classifier->classes();
  for (const auto& [type, data_class] : classifier->types()) context.data_types.push_back(type);
  for (const auto& upstream : config.upstreams) context.upstreams.push_back(upstream.name);
  const PolicyLoad load = load_policy(*text, config.policy_file, context);
  report.errors(load.errors);
  for (const std::string& warning : load.warnings) report.warning(warning);
  if (load.policy == nullptr) return;
  report.ok("policy.file " + config.policy_file + ": " + load.policy->name() + ", sequence " +
            std::to_string(load.policy->sequence()) + ", " +
            std::to_string(load.policy->rule_count()) + " rules");
}

void check_directory_age(const IdentitySection& identity, Report& report) {
  struct stat status {};
  if (identity.directory_age_max.count() == 0 ||
      ::stat(identity.directory_file.c_str(), &status) != 0) {
    return;
  }
  const std::int64_t age = std::time(nullptr) - status.st_mtim.tv_sec;
  if (age > identity.directory_age_max.count()) {
    report.error("identity.directory.file " + identity.directory_file +
                 ": older than identity.directory.age_max: everyone would be denied");
  }
}

void check_directory(const IdentitySection& identity, Report& report) {
  if (identity.directory_file.empty()) return;
  const auto text = read_file(identity.directory_file);
  if (!text) {
    report.error("identity.directory.file: " + text.error().message);
    return;
  }
  const auto directory = Directory::load(*text, identity.directory_file);
  if (!directory) {
    report.errors(directory.error());
    return;
  }
  check_directory_age(identity, report);
  report.ok("identity.directory.file " + identity.directory_file + ": " +
            std::to_string((*directory)->size()) + " people");
}

void check_key_set(const std::string& path, Report& report) {
  const auto text = read_file(path, small_file_bytes_max);
  const auto keys = text ? KeySet::parse(*text) : tl::make_unexpected(text.error());
  if (!keys) {
    report.error("jwks_file " + path + ": " + keys.error().message);
    return;
  }
  for (const std::string& note : (*keys)->left_out()) {
    report.warning("jwks_file " + path + ": left out: " + note);
  }
  const std::string what = "jwks_file " + path + ": " + std::to_string((*keys)->size()) + " keys";
  (*keys)->size() > 0 ? report.ok(what) : report.error(what + " that can verify a token");
}

void check_issuers(const IdentitySection& identity, Report& report) {
  for (const IssuerSection& issuer : identity.issuers) {
    const std::string& name = issuer.rules.issuer;
    if (!issuer.jwks_file.empty()) check_key_set(issuer.jwks_file, report);
    check_certificates("ca_file of " + name, issuer.ca_file, report);
    if (issuer.rules.profile == IdentityProfile::generic && identity.directory_file.empty()) {
      report.warning("issuer " + name +
                     ": profile generic proves no person, and there is no identity.directory");
    }
  }
}

void check_header(const std::string& upstream, const UpstreamHeader& header, Report& report) {
  if (header.value_from.env.empty() && header.value_from.file.empty()) return;
  report.outcome("upstream " + upstream + ": secret for " + header.name, header.value_from.read());
}

void check_upstreams(const Config& config, Report& report) {
  for (const UpstreamSection& upstream : config.upstreams) {
    if (upstream.credential) check_header(upstream.name, *upstream.credential, report);
    for (const auto& header : upstream.headers) check_header(upstream.name, header, report);
    check_certificates("ca_file of upstream " + upstream.name, upstream.ca_file, report);
  }
  for (const RouteSection& route : config.routes) {
    if (is_surface(route.surface)) continue;
    report.error("route " + route.path + ": this version has no surface " + route.surface);
  }
}

Result<void> check_writable_directory(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failure(Cause::not_found, "does not exist");
  if (!S_ISDIR(status.st_mode)) return failure(Cause::invalid, "is not a directory");
  if (::access(path.c_str(), W_OK | X_OK) != 0) return failure(Cause::io, "cannot be written to");
  return {};
}

Result<void> check_audit_directory(const AuditOptions& options) {
  return check_writable_directory(options.directory).and_then([&] {
    return audit::check_file_system(audit::real_file_system(), options.directory,
                                    options.allow_filesystem);
  });
}

void check_audit(const AuditOptions& options, Report& report) {
  const std::string directory = "audit.directory " + options.directory;
  const Result<void> usable = check_audit_directory(options);
  report.outcome(directory, usable);
  const auto signing = audit::load_signing_key(options.signing_key_file);
  report.outcome("audit.keys: signing key", signing);
  if (usable && signing) {
    const auto newest = audit::load_checkpoint({options.directory, signing->public_key()});
    if (!newest) report.error(directory + ": " + newest.error().message);
  }
  report.outcome("audit.keys: evidence key", audit::load_hex_secret(options.evidence_key_file));
  report.outcome(
      "audit.keys: escrow key",
      audit::read_small_file(options.escrow_public_key_file).and_then([&](const std::string& pem) {
        return audit::EscrowPublicKey::from_pem(pem, options.escrow_public_key_file);
      }));
  if (options.approver_key_file.empty()) return;
  report.outcome("audit.approver_key", audit::load_public_key(options.approver_key_file));
}

void check_anchors(const Config& config, Report& report) {
  const AnchorsSection& anchors = config.anchors;
  if (!anchors.time_stamp && anchors.witnesses.empty()) return;
  report.outcome("audit.anchors", Anchors::load(config));
}

Report check(const std::string& file) {
  Report report;
  const auto config = load_config(file);
  if (!config) {
    report.errors(config.error());
    return report;
  }
  report.ok("configuration " + file);
  check_listen(config->listen.tls, report);
  check_issuers(config->identity, report);
  check_directory(config->identity, report);
  check_upstreams(*config, report);
  const auto classifier = check_detectors(*config, report);
  check_policy(*config, classifier.get(), report);
  check_audit(config->audit, report);
  check_anchors(*config, report);
  return report;
}

void print_text(const Report& report) {
  for (const Line& line : report.lines()) {
    std::printf("%-8s %s\n", std::string(status_name(line.status)).c_str(), line.message.c_str());
  }
}

void print_json(const Report& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().boolean("valid", report.good()).name("checks").begin_array();
  for (const Line& line : report.lines()) {
    json.begin_object().string("status", status_name(line.status));
    json.string("message", line.message).end_object();
  }
  json.end_array().end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("check", "Check the configuration and everything that it names");
  command->footer(
      "Nothing is opened for writing, bound or fetched. Every problem is printed, not the first.\n"
      "Not seen: a port that is taken, records of the log that are damaged, another daemon on it.\n"
      "Exit codes: 0 nothing found; 1 the daemon would not start, or deny everyone; 64 usage.");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->config_file, "The configuration file")->required();
  command->add_flag("--json", options->json, "One JSON object on standard output");
  command->callback([options, &exit_code] {
    const Report report = check(options->config_file);
    options->json ? print_json(report) : print_text(report);
    exit_code = report.good() ? 0 : 1;
  });
}

}  // namespace portcullis::cli
