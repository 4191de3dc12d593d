// portcullis audit replay: whether the recorded decisions are those that the policy makes.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/browse.h"
#include "base/json_out.h"
#include "cli/audit_command.h"
#include "cli/audit_filter.h"
#include "cli/policy_context.h"
#include "cli/replay.h"
#include "config/config.h"

namespace portcullis::cli {
namespace {

using audit::StoredRecord;
using audit::Visit;

constexpr std::size_t shown_max = 1000;

struct Arguments {
  std::string directory;
  std::vector<std::string> policy_files;
  std::string config_file;
  FilterArguments filter;
  bool json = false;
};

using Counts = std::map<std::string, std::uint64_t>;

struct Difference {
  std::string place;  // file:line:offset:seq
  std::string what;
};

struct Tally {
  std::uint64_t decisions = 0;
  std::uint64_t same = 0;
  std::uint64_t different = 0;
  std::vector<Difference> differences;  // at most shown_max
  Counts other_policies;                // by digest
  Counts not_by_policy;                 // by reason
  Counts unreadable;                    // by what is wrong
};

std::uint64_t sum(const Counts& counts) {
  std::uint64_t total = 0;
  for (const auto& [what, count] : counts) total += count;
  return total;
}

void count(Tally& tally, const StoredRecord& record, const Replayed& replayed) {
  ++tally.decisions;
  switch (replayed.result) {
    case ReplayResult::same:
      ++tally.same;
      return;
    case ReplayResult::other_policy:
      ++tally.other_policies[replayed.detail];
      return;
    case ReplayResult::not_by_policy:
      ++tally.not_by_policy[replayed.detail];
      return;
    case ReplayResult::unreadable:
      ++tally.unreadable[replayed.detail];
      return;
    case ReplayResult::different:
      break;
  }
  ++tally.different;
  if (tally.differences.size() == shown_max) return;
  const std::string place = std::string(record.file) + ':' + std::to_string(record.line_number) +
                            ':' + std::to_string(record.offset) + ':' +
                            std::to_string(record.summary.seq);
  tally.differences.push_back({place, replayed.detail});
}

VerifyExit exit_of(const Tally& tally) {
  if (tally.different > 0) return VerifyExit::integrity;
  if (tally.same == 0 || !tally.unreadable.empty()) return VerifyExit::cannot;
  return tally.other_policies.empty() ? VerifyExit::whole : VerifyExit::unanchored;
}

void print_json(const Tally& tally) {
  std::string out;
  JsonWriter json(out);
  const auto write = [&](const JsonName& name, const Counts& counts) {
    json.name(name).begin_object();
    for (const auto& [what, times] : counts)
      json.name_of(what).integer(static_cast<std::int64_t>(times));
    json.end_object();
  };
  json.begin_object().integer("exit", static_cast<int>(exit_of(tally)));
  json.integer("decisions", static_cast<std::int64_t>(tally.decisions));
  json.integer("same", static_cast<std::int64_t>(tally.same));
  json.integer("different", static_cast<std::int64_t>(tally.different));
  json.name("differences").begin_array();
  for (const Difference& difference : tally.differences) {
    json.begin_object().string("place", difference.place).string("what", difference.what);
    json.end_object();
  }
  json.end_array();
  write("other_policies", tally.other_policies);
  write("not_by_policy", tally.not_by_policy);
  write("unreadable", tally.unreadable);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const Tally& tally) {
  for (const Difference& difference : tally.differences) {
    std::printf("%s: %s\n", printable(difference.place).c_str(),
                printable(difference.what).c_str());
  }
  const auto say = [](std::uint64_t number, const char* what) {
    std::printf("%8llu %s\n", static_cast<unsigned long long>(number), what);
  };
  const auto list = [](const Counts& counts) {
    for (const auto& [what, times] : counts) {
      std::printf("         %8llu %s\n", static_cast<unsigned long long>(times),
                  printable(what).c_str());
    }
  };
  say(tally.decisions, "decisions");
  say(tally.same, "as the policy decides");
  say(tally.different, "DIFFERENT from what the policy decides");
  say(sum(tally.not_by_policy), "not by policy: refused before or after it");
  list(tally.not_by_policy);
  say(sum(tally.other_policies), "not replayed: made under a policy that was not given, digest");
  list(tally.other_policies);
  if (!tally.unreadable.empty()) say(sum(tally.unreadable), "not replayed: not readable");
  list(tally.unreadable);
}

Result<void> add_policies(const Arguments& arguments, Replayer& replayer) {
  const auto context = policy_context(arguments.config_file);
  if (!context) return failure(Cause::invalid, context.error().front());
  for (const std::string& file : arguments.policy_files) {
    const auto text = read_file(file);
    if (!text) return tl::unexpected(text.error());
    PolicyLoad load = load_policy(*text, file, *context);
    if (load.policy == nullptr) return failure(Cause::invalid, load.errors.front());
    replayer.add(std::move(load.policy));
  }
  return {};
}

int run(const Arguments& arguments) {
  auto filter = make_filter(arguments.filter);
  if (!filter) return complain(filter.error(), VerifyExit::usage);
  Replayer replayer;
  if (auto added = add_policies(arguments, replayer); !added) {
    return complain(added.error(), VerifyExit::usage);
  }
  filter->type = record_type_name(RecordType::decision);
  Tally tally;
  Progress progress;
  audit::BrowseOptions options{arguments.directory, *filter, 0, {}};
  options.progress = [&](std::size_t segment, std::size_t segments) {
    progress.show(segment, segments);
  };
  const auto browsed = audit::browse(options, [&](const StoredRecord& record) {
    count(tally, record, replayer.replay(record.json));
    return Visit::go_on;
  });
  if (!browsed) return complain(browsed.error(), VerifyExit::cannot);
  if (browsed->unreadable > 0) tally.unreadable["lines that are no records"] = browsed->unreadable;
  arguments.json ? print_json(tally) : print_text(tally);
  return static_cast<int>(exit_of(tally));
}

}  // namespace

void add_audit_replay(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "replay",
      "Decides every recorded decision again, from its recorded input, and names each that comes\n"
      "out otherwise as file:line:offset:seq. Only records of the given policies' digests count.\n"
      "Exit codes: 0 all that policy decided came out the same; 1 a difference; 2 usage, or a\n"
      "policy that cannot be loaded; 3 no difference, but some were made under policies that were\n"
      "not given; 5 nothing was replayed, or something cannot be read.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->directory, "Directory of a stream")->required();
  command->add_option("--policy", arguments->policy_files, "A policy set; may be repeated")
      ->required();
  command->add_option("--config", arguments->config_file,
                      "This configuration's detectors and upstreams; else what ships");
  command->add_option("--from", arguments->filter.from,
                      "Only of this time or later: a day (2026-11-22) or RFC 3339");
  command->add_option("--to", arguments->filter.to, "Only before this time");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace portcullis::cli
