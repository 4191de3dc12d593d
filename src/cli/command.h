// What every command of the program shares: how it registers itself and how it ends.
//
// Each command is one file with one function `void add_NAME(CLI::App& app, int& exit_code)`: it
// adds its subcommand with options and help, and a callback that sets the exit code. All of them
// are listed here. Exit codes: 0 good, 1 the command's own negative answer, 64 usage, 70 internal,
// 78 configuration, unless the command documents others. Results go to standard output, everything
// else to standard error. Whether standard output could be written is looked at once, in main().
#pragma once

namespace CLI {
class App;
}

namespace portcullis::cli {

inline constexpr int exit_usage = 64;
inline constexpr int exit_audit_usage = 2;
inline constexpr int exit_internal = 70;
inline constexpr int exit_config = 78;

void add_serve(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_demo(CLI::App& app, int& exit_code);
void add_classify(CLI::App& app, int& exit_code);
void add_identity(CLI::App& app, int& exit_code);
void add_policy(CLI::App& app, int& exit_code);
void add_audit(CLI::App& app, int& exit_code);
void add_keys(CLI::App& app, int& exit_code);

}  // namespace portcullis::cli
