// portcullis audit approve: what an approver, who is not the host, signs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/approval.h"
#include "audit/input.h"
#include "audit/lookup.h"
#include "audit/record.h"
#include "audit/retention_plan.h"
#include "base/json_out.h"
#include "cli/audit_command.h"

namespace portcullis::cli {
namespace {

using audit::Approval;
using audit::RetentionPlan;
using audit::SeqRange;

struct Arguments {
  std::string directory;
  std::string origin;
  std::string key_file;
  std::vector<std::string> drop;
  std::vector<std::string> erase;
  std::vector<std::string> acknowledge;
  std::string drop_before;
  std::string output;
  bool json = false;
};

// "N" or "F-L".
Result<SeqRange> parse_range(const std::string& text) {
  std::string_view rest = text;
  const auto first = audit::take_integer(rest);
  const bool single = rest.empty();
  if (!single && rest.front() == '-') rest.remove_prefix(1);
  const auto last = single ? first : audit::take_integer(rest);
  if (!first || !last || !rest.empty() || *first > *last) {
    return failure(Cause::invalid, "not a range of records: " + text + " (N, or FIRST-LAST)");
  }
  return SeqRange{*first, *last};
}

Result<void> read_ranges(const std::vector<std::string>& texts, std::vector<SeqRange>& out) {
  for (const std::string& text : texts) {
    const auto range = parse_range(text);
    if (!range) return tl::unexpected(range.error());
    out.push_back(*range);
  }
  std::sort(out.begin(), out.end(),
            [](const SeqRange& a, const SeqRange& b) { return a.first < b.first; });
  return {};
}

Result<void> add_by_age(const Arguments& arguments, Approval& approval) {
  if (arguments.drop_before.empty()) return {};
  const auto time = parse_time(arguments.drop_before);
  if (!time) return tl::unexpected(time.error());
  const auto range = audit::segments_before(arguments.directory, *time);
  if (!range) return tl::unexpected(range.error());
  if (!*range) {
    return failure(Cause::not_found, "no sealed segment holds only records before " + *time);
  }
  approval.drop.push_back(**range);
  return {};
}

Result<Approval> read_approval(const Arguments& arguments) {
  Approval approval;
  approval.origin = arguments.origin;
  auto good =
      read_ranges(arguments.drop, approval.drop)
          .and_then([&] { return read_ranges(arguments.erase, approval.erase); })
          .and_then([&] { return read_ranges(arguments.acknowledge, approval.acknowledge); });
  if (!good) return tl::unexpected(good.error());
  return approval;
}

// Against the log itself: its origin, its approver, its segments.
Result<RetentionPlan> check_log(const std::string& directory, const PublicKey& key,
                                Approval& approval) {
  const auto facts = audit::read_stream_facts(directory);
  if (!facts) return tl::unexpected(facts.error());
  if (!approval.origin.empty() && approval.origin != facts->origin) {
    return failure(Cause::untrusted, "the log in " + directory + " is " + facts->origin);
  }
  if (facts->approver != key) {
    return failure(Cause::untrusted, facts->approver
                                         ? "this is not the key of the approver that the log names"
                                         : "the log names no approver: none can approve for it");
  }
  approval.origin = facts->origin;
  return audit::plan_retention(directory, approval, key);
}

void write_ranges(JsonWriter& json, const JsonName& name, const std::vector<SeqRange>& ranges) {
  json.name(name).begin_array();
  for (const SeqRange& range : ranges) {
    json.begin_object().integer("first", static_cast<std::int64_t>(range.first));
    json.integer("last", static_cast<std::int64_t>(range.last)).end_object();
  }
  json.end_array();
}

std::string as_json(const Approval& approval, const std::optional<RetentionPlan>& plan,
                    const std::string& note) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().string("origin", approval.origin);
  write_ranges(json, "drop", approval.drop);
  write_ranges(json, "erase", approval.erase);
  write_ranges(json, "acknowledge", approval.acknowledge);
  if (plan) {
    json.integer("segments_dropped", static_cast<std::int64_t>(plan->segments_dropped));
    json.integer("records_dropped", static_cast<std::int64_t>(plan->records_dropped));
    json.integer("records_erased", static_cast<std::int64_t>(plan->records_erased));
  }
  json.string("approval", note).end_object();
  return out + '\n';
}

void explain(const Approval& approval, const std::optional<RetentionPlan>& plan) {
  const auto list = [](const char* verb, const std::vector<SeqRange>& ranges) {
    for (const SeqRange& range : ranges) {
      std::fprintf(stderr, "%-12s records %llu to %llu\n", verb,
                   static_cast<unsigned long long>(range.first),
                   static_cast<unsigned long long>(range.last));
    }
  };
  std::fprintf(stderr, "log          %s\n", printable(approval.origin).c_str());
  list("drop", approval.drop);
  list("erase", approval.erase);
  list("acknowledge", approval.acknowledge);
  if (!plan) {
    std::fprintf(stderr, "not checked against the log: give DIR\n");
    return;
  }
  std::fprintf(stderr, "takes away   %llu records in %llu segments, and the content of %llu\n",
               static_cast<unsigned long long>(plan->records_dropped),
               static_cast<unsigned long long>(plan->segments_dropped),
               static_cast<unsigned long long>(plan->records_erased));
}

int refuse(const Error& error) {
  const bool broken = error.cause == Cause::invalid || error.cause == Cause::limit;
  return complain(error, broken || error.cause == Cause::untrusted ? VerifyExit::integrity
                                                                   : VerifyExit::cannot);
}

int approve(const Arguments& arguments) {
  if (arguments.directory.empty() && (arguments.origin.empty() || !arguments.drop_before.empty())) {
    return complain({Cause::invalid,
                     arguments.origin.empty() ? "give DIR or --origin" : "--drop-before needs DIR"},
                    VerifyExit::usage);
  }
  const auto key = audit::load_signing_key(arguments.key_file);
  if (!key) return complain(key.error(), VerifyExit::usage);
  auto approval = read_approval(arguments);
  if (!approval) return complain(approval.error(), VerifyExit::usage);
  if (auto added = add_by_age(arguments, *approval); !added) return refuse(added.error());
  std::optional<RetentionPlan> plan;
  if (!arguments.directory.empty()) {
    auto checked = check_log(arguments.directory, key->public_key(), *approval);
    if (!checked) return refuse(checked.error());
    plan = *std::move(checked);
  }
  const auto note = audit::sign_approval(*approval, *key);
  if (!note) return complain(note.error(), VerifyExit::usage);
  if (arguments.json) return write_output(arguments.output, as_json(*approval, plan, *note));
  explain(*approval, plan);
  return write_output(arguments.output, *note);
}

}  // namespace

void add_audit_approve(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "approve",
      "Signs what may be taken out of a log, with the approver's key: to be run by the approver,\n"
      "not on the host. With DIR it is checked first, and what it will do is said on standard\n"
      "error. `retain` carries it out.\n"
      "Exit codes: 0 signed; 1 the rules forbid it, or the key is not the log's approver's;\n"
      "2 usage; 5 the log cannot be read, or nothing is that old.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->directory, "Directory of the stream, or a copy of it");
  command->add_option("--origin", arguments->origin,
                      "Without DIR: the stream's origin, DEPLOYMENT/STREAM");
  command->add_option("--key", arguments->key_file, "approver.pem: Ed25519, PKCS#8 (mode 0600)")
      ->required();
  command->add_option("--drop", arguments->drop,
                      "FIRST-LAST: whole sealed segments (record 0 stays); may be repeated");
  command->add_option("--drop-before", arguments->drop_before,
                      "All sealed segments with nothing of this time or later (RFC 3339)");
  command->add_option("--erase", arguments->erase,
                      "N or FIRST-LAST: the content of records; may be repeated");
  command->add_option("--acknowledge", arguments->acknowledge,
                      "N or FIRST-LAST: damage or a gap here is known; may be repeated");
  command->add_option("--output", arguments->output, "A file instead of standard output");
  command->add_flag("--json", arguments->json, "One JSON object with the approval in it");
  command->callback([arguments, &exit_code] { exit_code = approve(*arguments); });
}

}  // namespace portcullis::cli
