// portcullis audit retain: carries out an approval, with the daemon stopped.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "audit/approval.h"
#include "audit/retention.h"
#include "base/json_out.h"
#include "cli/audit_command.h"
#include "config/config.h"

namespace portcullis::cli {
namespace {

struct Arguments {
  std::string directory;
  std::string approval_file;
  std::string config_file;
  bool json = false;
};

void print_json(const audit::Retained& done) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().boolean("was_recorded", done.was_recorded);
  json.integer("records_dropped", static_cast<std::int64_t>(done.plan.records_dropped));
  json.integer("records_erased", static_cast<std::int64_t>(done.plan.records_erased));
  json.integer("files_removed", static_cast<std::int64_t>(done.work.files_removed));
  json.integer("files_rewritten", static_cast<std::int64_t>(done.work.files_rewritten));
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const audit::Retained& done) {
  if (done.was_recorded) {
    std::printf("recorded before: nothing was added to the log\n");
  } else {
    std::printf("recorded: %llu records dropped, %llu erased\n",
                static_cast<unsigned long long>(done.plan.records_dropped),
                static_cast<unsigned long long>(done.plan.records_erased));
  }
  std::printf("files: %llu removed, %llu rewritten\n",
              static_cast<unsigned long long>(done.work.files_removed),
              static_cast<unsigned long long>(done.work.files_rewritten));
}

int refuse(const Error& error) {
  const bool forbidden = error.cause == Cause::invalid || error.cause == Cause::untrusted ||
                         error.cause == Cause::limit;
  return complain(error, forbidden ? VerifyExit::integrity : VerifyExit::cannot);
}

int run(const Arguments& arguments) {
  const auto config = load_config(arguments.config_file);
  if (!config) {
    for (const std::string& error : config.error()) std::fprintf(stderr, "%s\n", error.c_str());
    return static_cast<int>(VerifyExit::usage);
  }
  const auto note = read_input(arguments.approval_file, audit::approval_bytes_max);
  if (!note) return complain(note.error(), VerifyExit::usage);
  AuditOptions options = config->audit;
  options.directory = arguments.directory;
  static const RealClock clock;
  const auto done = audit::retain(options, *note, {audit::real_file_system(), clock});
  if (!done) return refuse(done.error());
  arguments.json ? print_json(*done) : print_text(*done);
  return 0;
}

}  // namespace

void add_audit_retain(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "retain",
      "Drops and erases what an approval names: records the approval in the log, then changes the\n"
      "files. Stop the daemon first. After a crash, run it again with the same approval.\n"
      "Exit codes: 0 done; 1 refused: not signed by the log's approver, of another log, or "
      "against\n"
      "the rules; 2 usage, configuration; 5 cannot: the daemon runs, or a file operation failed.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->directory, "Directory of the stream")->required();
  command->add_option("--approval", arguments->approval_file, "What `approve` signed")->required();
  command->add_option("--config", arguments->config_file, "The daemon's configuration: its keys")
      ->required();
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace portcullis::cli
