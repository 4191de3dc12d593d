// Arguments to one command.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/command.h"

namespace {

// The exit codes of `audit` are its own: 1 to 5 are verdicts on a log.
int usage_exit(const CLI::App& app) {
  using namespace portcullis::cli;
  return app.got_subcommand("audit") ? exit_audit_usage : exit_usage;
}

// A result that never arrived is not a good one: a full disk must not look like a clean answer.
int after_output(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  std::fprintf(stderr, "portcullis: standard output cannot be written\n");
  return exit_code == 0 ? portcullis::cli::exit_internal : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Portcullis: a reverse proxy that lets a request to a language model pass only when it knows "
      "the\n"
      "person, the data and the policy, and has the decision on disk. It falls shut on any doubt.",
      "portcullis"};
  app.set_version_flag("--version", "portcullis " PORTCULLIS_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  using namespace portcullis::cli;
  for (const auto add : {add_serve, add_check, add_demo, add_classify, add_identity, add_policy,
                         add_audit, add_keys}) {
    add(app, exit_code);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return after_output(app.exit(error) == 0 ? 0 : usage_exit(app));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "portcullis: %s\n", error.what());
    return exit_internal;
  }
  return after_output(exit_code);
}
