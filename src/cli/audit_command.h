// The subcommands of `portcullis audit`, one file each, and what they share.
//
// As cli/command.h says; each registers itself on `audit`.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace portcullis::cli {

void add_audit_verify(CLI::App& audit, int& exit_code);
void add_audit_show(CLI::App& audit, int& exit_code);

// What stands in a log may hold anything; a terminal must not obey it.
std::string printable(std::string text);

}  // namespace portcullis::cli
