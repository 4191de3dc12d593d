// portcullis serve: the daemon.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/log.h"
#include "cli/command.h"
#include "net/server.h"

namespace portcullis::cli {
namespace {

log::Level level_from(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warning") return log::Level::warning;
  return name == "error" ? log::Level::error : log::Level::info;
}

int print_errors(const ConfigErrors& errors) {
  for (const std::string& error : errors) std::fprintf(stderr, "%s\n", error.c_str());
  return exit_config;
}

std::string printable(const ListenAddress& address, std::uint16_t port) {
  const bool v6 = address.address.find(':') != std::string::npos;
  return (v6 ? "[" + address.address + "]" : address.address) + ":" + std::to_string(port);
}

int serve(const std::string& file) {
  auto config = load_config(file);
  if (!config) return print_errors(config.error());
  log::set_level(level_from(config->log_level));
  const auto shared = std::make_shared<const Config>(std::move(*config));
  auto server = Server::start(shared);
  if (!server) return print_errors(server.error());
  log::info("listening on " + printable(shared->listen.endpoint, (*server)->port()));
  if (shared->admin) {
    log::info("admin on " + printable(*shared->admin, (*server)->admin_port()));
  }
  return (*server)->run();
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("serve", "Run the daemon");
  command->footer(
      "Signals: SIGTERM and SIGINT drain and end; SIGHUP reloads what the configuration names "
      "(policy,\n"
      "detectors, directory, key files); a bad reload keeps what was there.\n"
      "Exit codes: 0 drained and sealed; 64 usage; 70 the audit log failed; 78 configuration.");
  static std::string file;
  command->add_option("--config", file, "The configuration file (see config/portcullis.yaml)")
      ->required();
  command->callback([&exit_code] { exit_code = serve(file); });
}

}  // namespace portcullis::cli
