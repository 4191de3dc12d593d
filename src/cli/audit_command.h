// The subcommands of `portcullis audit`, one file each, and what they share.
//
// As cli/command.h says, but that usage errors exit with 2; each registers itself on `audit`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "portcullis/result.h"
#include "portcullis/verify.h"

namespace CLI {
class App;
}

namespace portcullis::cli {

void add_audit_verify(CLI::App& audit, int& exit_code);
void add_audit_show(CLI::App& audit, int& exit_code);
void add_audit_prove(CLI::App& audit, int& exit_code);
void add_audit_check_proof(CLI::App& audit, int& exit_code);
void add_audit_consistency(CLI::App& audit, int& exit_code);
void add_audit_replay(CLI::App& audit, int& exit_code);
void add_audit_export(CLI::App& audit, int& exit_code);
void add_audit_approve(CLI::App& audit, int& exit_code);
void add_audit_retain(CLI::App& audit, int& exit_code);

// What stands in a log may hold anything; a terminal must not obey it.
std::string printable(std::string text);

// Says on standard error why a command ends, and returns its exit code: `integrity` for what
// contradicts itself, else `cannot`, unless the caller knows better.
int complain(const Error& error);
int complain(const Error& error, VerifyExit exit);

// To a new file, or to standard output if `path` is empty. Returns the command's exit code.
int write_output(const std::string& path, std::string_view content);

// A day ("2026-11-22", its beginning in UTC) or an RFC 3339 time, as records write it.
Result<std::string> parse_time(const std::string& text);

// A file, or standard input for "-". Cause::limit if it is larger than `bytes_max`.
Result<std::string> read_input(const std::string& path, std::size_t bytes_max);

}  // namespace portcullis::cli
