// portcullis policy check: whether a policy set can be loaded, and what is odd about it.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/json_out.h"
#include "cli/command.h"
#include "cli/policy_context.h"
#include "config/config.h"
#include "portcullis/policy.h"

namespace portcullis::cli {
namespace {

struct Options {
  std::string policy_file;
  std::string config_file;
  bool json = false;
};

using Errors = std::vector<std::string>;

int refuse(const Errors& errors) {
  for (const std::string& error : errors) std::fprintf(stderr, "%s\n", error.c_str());
  return exit_config;
}

void print_json(const Options& options, const PolicyLoad& load) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("file", options.policy_file);
  json.boolean("valid", load.policy != nullptr);
  json.name("errors").strings(load.errors).name("warnings").strings(load.warnings);
  if (load.policy != nullptr) {
    const PolicySet& policy = *load.policy;
    json.name("policy").begin_object().string("name", policy.name());
    json.integer("sequence", policy.sequence());
    json.name("digest").hex(policy.digest()).name("source_digest").hex(policy.source_digest());
    json.integer("rules", static_cast<std::int64_t>(policy.rule_count()));
    json.integer("models", static_cast<std::int64_t>(policy.models().size())).end_object();
  }
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const Options& options, const PolicyLoad& load) {
  for (const std::string& error : load.errors) std::printf("%s\n", error.c_str());
  for (const std::string& warning : load.warnings) std::printf("%s\n", warning.c_str());
  if (load.policy == nullptr) {
    std::printf("%s: not valid, errors: %zu\n", options.policy_file.c_str(), load.errors.size());
    return;
  }
  const PolicySet& policy = *load.policy;
  std::printf("%s: valid\n  name      %s\n  sequence  %lld\n  rules     %zu\n  models    %zu\n",
              options.policy_file.c_str(), policy.name().c_str(),
              static_cast<long long>(policy.sequence()), policy.rule_count(),
              policy.models().size());
  std::printf("  digest    %s\n", hex(policy.digest()).c_str());
}

int check(const Options& options) {
  const auto context = policy_context(options.config_file);
  if (!context) return refuse(context.error());
  const Result<std::string> text = read_file(options.policy_file);
  if (!text) return refuse({text.error().message});
  const PolicyLoad load = load_policy(*text, options.policy_file, *context);
  options.json ? print_json(options, load) : print_text(options, load);
  return load.policy != nullptr ? 0 : 1;
}

}  // namespace

void add_policy(CLI::App& app, int& exit_code) {
  CLI::App* policy = app.add_subcommand("policy", "Work with policy sets");
  policy->require_subcommand(1);
  CLI::App* command = policy->add_subcommand(
      "check",
      "Loads a policy set as the daemon would and lists every error and every oddity.\n"
      "Exit code 0: it can be loaded; 1: it cannot; 64: usage; 78: configuration, or no such "
      "file.");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->policy_file, "The policy set")->required();
  command->add_option("--config", options->config_file,
                      "Check names against this configuration's detectors and upstreams");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace portcullis::cli
