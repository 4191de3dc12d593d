#include "enforce/snapshot.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>

#include "base/crypto.h"
#include "base/log.h"

namespace portcullis {
namespace {

void load_classifier(Snapshot& snapshot, ConfigErrors& errors) {
  auto compiled = Classifier::compile(snapshot.config->classify);
  if (!compiled) {
    errors.push_back(snapshot.config->file + ": classify: " + compiled.error().message);
    return;
  }
  snapshot.classifier = *compiled;
}

void load_policy_file(Snapshot& snapshot, ConfigErrors& errors) {
  const std::string& file = snapshot.config->policy_file;
  const Result<std::string> text = read_file(file);
  if (!text) {
    errors.push_back(text.error().message);
    return;
  }
  PolicyContext context;
  if (snapshot.classifier) {
    context.data_classes = snapshot.classifier->classes();
    for (const auto& [type, data_class] : snapshot.classifier->types()) {
      context.data_types.push_back(type);
    }
  }
  for (const UpstreamSection& upstream : snapshot.config->upstreams) {
    context.upstreams.push_back(upstream.name);
  }
  PolicyLoad load = load_policy(*text, file, context);
  errors.insert(errors.end(), load.errors.begin(), load.errors.end());
  for (const std::string& warning : load.warnings) log::warning(warning);
  snapshot.policy = std::move(load.policy);
}

void load_directory(Snapshot& snapshot, ConfigErrors& errors) {
  const std::string& file = snapshot.config->identity.directory_file;
  if (file.empty()) return;
  struct stat status {};
  const Result<std::string> text = read_file(file);
  if (!text || ::stat(file.c_str(), &status) != 0) {
    errors.push_back(text ? "cannot stat " + file : text.error().message);
    return;
  }
  auto loaded = Directory::load(*text, file);
  if (!loaded) {
    errors.insert(errors.end(), loaded.error().begin(), loaded.error().end());
    return;
  }
  snapshot.directory = *loaded;
  snapshot.directory_time = status.st_mtim.tv_sec;
}

// Never used twice in one process, so that a token cache can tell reloaded keys from old ones.
std::uint64_t next_generation() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

IssuerKeys load_keys(const IssuerSection& issuer, ConfigErrors& errors) {
  if (issuer.jwks_file.empty()) return {};
  const Result<std::string> text = read_file(issuer.jwks_file, 1u << 20);
  if (!text) {
    errors.push_back(text.error().message);
    return {};
  }
  auto parsed = KeySet::parse(*text);
  if (!parsed) {
    errors.push_back(issuer.jwks_file + ": " + parsed.error().message);
    return {};
  }
  return IssuerKeys{*parsed, next_generation(), true};
}

}  // namespace

const UpstreamSection* Snapshot::find_upstream(std::string_view name) const {
  const auto& all = config->upstreams;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& upstream) { return upstream.name == name; });
  return found == all.end() ? nullptr : &*found;
}

tl::expected<std::shared_ptr<const Snapshot>, ConfigErrors> load_snapshot(
    std::shared_ptr<const Config> config) {
  auto snapshot = std::make_shared<Snapshot>();
  ConfigErrors errors;
  snapshot->config = std::move(config);
  snapshot->identity = snapshot->config->identity_rules();
  snapshot->config_digest = sha256(snapshot->config->source);
  load_classifier(*snapshot, errors);
  load_policy_file(*snapshot, errors);
  load_directory(*snapshot, errors);
  for (const IssuerSection& issuer : snapshot->config->identity.issuers) {
    snapshot->keys.push_back(load_keys(issuer, errors));
  }
  if (!errors.empty()) return tl::unexpected<ConfigErrors>(std::move(errors));
  return snapshot;
}

}  // namespace portcullis
