// portcullis audit show: a log's records as a person reads them.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "audit/summary.h"
#include "cli/audit_command.h"

namespace portcullis::cli {
namespace {

struct ShowArguments {
  std::string directory;
  std::string person;
  std::string effect;
  std::string id;
  bool json = false;
};

bool is_wanted(const ShowArguments& arguments, const audit::RecordSummary& record) {
  const auto matches = [](const std::string& wanted, const std::string& value) {
    return wanted.empty() || wanted == value;
  };
  return matches(arguments.person, record.person) && matches(arguments.effect, record.effect) &&
         matches(arguments.id, record.id);
}

void print_row(const audit::RecordSummary& row) {
  const auto cell = [](const std::string& text) {
    return text.empty() ? std::string("-") : printable(text);
  };
  std::printf("%-30s %8llu %-10s %-20s %-6s %-20s %-24s %-20s %s\n", row.time.c_str(),
              static_cast<unsigned long long>(row.seq), row.type.c_str(), cell(row.person).c_str(),
              cell(row.effect).c_str(), cell(row.reason).c_str(), cell(row.rules).c_str(),
              cell(row.model).c_str(), cell(row.classes).c_str());
}

int show(const ShowArguments& arguments) {
  if (!arguments.json) {
    std::printf("%-30s %8s %-10s %-20s %-6s %-20s %-24s %-20s %s\n", "TIME", "SEQ", "TYPE",
                "PERSON", "EFFECT", "REASON", "RULES", "MODEL", "CLASSES");
  }
  const auto unreadable = audit::visit_records(
      arguments.directory, [&](const audit::RecordSummary& record, std::string_view line) {
        if (!is_wanted(arguments, record)) return;
        if (!arguments.json) return print_row(record);
        std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
      });
  if (!unreadable) {
    std::fprintf(stderr, "%s\n", unreadable.error().message.c_str());
    return 1;
  }
  if (*unreadable == 0) return 0;
  std::fprintf(stderr, "%llu lines are no records: run portcullis audit verify\n",
               static_cast<unsigned long long>(*unreadable));
  return 1;
}

}  // namespace

void add_audit_show(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "show",
      "Prints a log's records, oldest first. Proves nothing: that is what verify is for.\n"
      "Exit code 0; 1 if the log cannot be read or holds lines that are no records.");
  const auto arguments = std::make_shared<ShowArguments>();
  command->add_option("DIR", arguments->directory, "Directory of a stream")->required();
  command->add_option("--person", arguments->person, "Only decisions about this subject's id");
  command->add_option("--effect", arguments->effect, "Only decisions with this effect")
      ->check(CLI::IsMember({"allow", "deny"}));
  command->add_option("--id", arguments->id, "Only the decision with this id and its outcome");
  command->add_flag("--json", arguments->json, "The records' own lines instead of a table");
  command->callback([arguments, &exit_code] { exit_code = show(*arguments); });
}

}  // namespace portcullis::cli
