// portcullis audit show: a log's records as a person reads them.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "audit/browse.h"
#include "audit/log_tail.h"
#include "cli/audit_command.h"
#include "cli/audit_filter.h"

namespace portcullis::cli {
namespace {

using audit::StoredRecord;
using audit::Visit;

constexpr std::chrono::milliseconds poll_every{200};

struct Arguments {
  std::string directory;
  FilterArguments filter;
  std::uint64_t limit = 0;
  std::uint64_t last = 0;
  bool follow = false;
  bool json = false;
};

volatile std::sig_atomic_t interrupted = 0;

bool is_coloured() { return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

// Padded to `width` characters, and at least one space after it.
std::string cell(const std::string& text, std::size_t width) {
  std::string out = text.empty() ? std::string("-") : printable(text);
  std::size_t characters = 0;
  for (const char c : out) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  out.append(characters < width ? width - characters + 1 : 1, ' ');
  return out;
}

const char* colour_of(const std::string& effect) {
  if (effect == "allow") return "\033[32m";
  if (effect == "deny") return "\033[31m";
  return "";
}

class Table {
 public:
  void print_header() const {
    const std::string bold = coloured_ ? "\033[1m" : "";
    print(bold, cell("TIME", 24) + cell("SEQ", 8) + cell("TYPE", 10) + cell("PERSON", 20) +
                    cell("EFFECT", 6) + cell("REASON", 20) + cell("RULES", 24) + cell("MODEL", 20) +
                    "CLASSES");
  }
  void print_row(const audit::RecordSummary& row) const {
    // Milliseconds: what a person compares.
    const std::string time = row.time.empty() ? "" : row.time.substr(0, 23) + 'Z';
    print(coloured_ ? colour_of(row.effect) : "",
          cell(time, 24) + cell(std::to_string(row.seq), 8) + cell(row.type, 10) +
              cell(row.person, 20) + cell(row.effect, 6) + cell(row.reason, 20) +
              cell(row.rules, 24) + cell(row.model, 20) +
              (row.classes.empty() ? "-" : printable(row.classes)));
  }

 private:
  void print(const std::string& colour, const std::string& line) const {
    std::printf("%s%s%s\n", colour.c_str(), line.c_str(), colour.empty() ? "" : "\033[0m");
  }
  const bool coloured_ = is_coloured();
};

class Show {
 public:
  explicit Show(const Arguments& arguments) : arguments_(arguments) {}

  int run() {
    auto filter = make_filter(arguments_.filter);
    if (!filter) return complain(filter.error(), VerifyExit::usage);
    if (!arguments_.json) table_.print_header();
    const auto visitor = [this](const StoredRecord& record) { return print(record); };
    const auto browsed =
        audit::browse({arguments_.directory, *filter, arguments_.last, {}}, visitor);
    if (!browsed) return complain(browsed.error(), VerifyExit::cannot);
    const bool full = arguments_.limit > 0 && printed_ >= arguments_.limit;
    if (arguments_.follow && !full && !failed_) {
      audit::LogTail tail(arguments_.directory, *filter, browsed->end);
      if (const auto followed = follow(tail, visitor); !followed) {
        return complain(followed.error(), VerifyExit::cannot);
      }
    }
    if (std::fflush(stdout) != 0 || failed_) {
      return complain({Cause::io, "standard output cannot be written"}, VerifyExit::cannot);
    }
    if (browsed->unreadable == 0) return 0;
    return complain({Cause::untrusted, std::to_string(browsed->unreadable) +
                                           " lines are no records: run portcullis audit verify"});
  }

 private:
  Visit print(const StoredRecord& record) {
    if (arguments_.json) {
      std::printf("%.*s\n", static_cast<int>(record.line.size()), record.line.data());
    } else {
      table_.print_row(record.summary);
    }
    ++printed_;
    failed_ = std::ferror(stdout) != 0;
    return failed_ || printed_ == arguments_.limit ? Visit::stop : Visit::go_on;
  }

  Result<void> follow(audit::LogTail& tail, const audit::RecordVisitor& visitor) {
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    while (interrupted == 0) {
      const auto visit = tail.poll(visitor);
      if (!visit) return tl::unexpected(visit.error());
      failed_ = failed_ || std::fflush(stdout) != 0;
      if (*visit == Visit::stop || failed_) break;
      std::this_thread::sleep_for(poll_every);
    }
    return {};
  }

  const Arguments& arguments_;
  const Table table_;
  std::uint64_t printed_ = 0;
  bool failed_ = false;
};

}  // namespace

void add_audit_show(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "show",
      "Prints a log's records, oldest first. Proves nothing: that is what verify is for.\n"
      "Exit codes: 0; 1 the log holds lines that are no records; 2 usage; 5 it cannot be read.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->directory, "Directory of a stream")->required();
  add_filter_options(*command, arguments->filter);
  CLI::Option* limit =
      command->add_option("--limit", arguments->limit, "At most so many records, the oldest")
          ->check(CLI::PositiveNumber);
  command->add_option("--last", arguments->last, "Only so many records, the newest")
      ->check(CLI::PositiveNumber)
      ->excludes(limit);
  command->add_flag("--follow,-f", arguments->follow,
                    "Then go on with what is added, until interrupted");
  command->add_flag("--json", arguments->json, "The records' own lines instead of a table");
  command->callback([arguments, &exit_code] { exit_code = Show(*arguments).run(); });
}

}  // namespace portcullis::cli
