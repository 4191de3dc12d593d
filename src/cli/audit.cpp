// portcullis audit: what auditors run.
#include <CLI/CLI.hpp>

#include "cli/audit_command.h"
#include "cli/command.h"

namespace portcullis::cli {

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

void add_audit(CLI::App& app, int& exit_code) {
  CLI::App* audit = app.add_subcommand("audit", "Verify and read the audit log");
  audit->require_subcommand(1);
  add_audit_verify(*audit, exit_code);
  add_audit_show(*audit, exit_code);
}

}  // namespace portcullis::cli
