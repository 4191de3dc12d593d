// portcullis audit verify: what an auditor runs, offline and read-only.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "base/json_out.h"
#include "cli/audit_command.h"
#include "portcullis/verify.h"

namespace portcullis::cli {
namespace {

constexpr const char* verify_help =
    "Checks a log offline: chain, hashes, macs, Merkle tree, signatures, seals, receipts.\n"
    "Goes on after a fault and names each as file:line:offset:seq.\n"
    "\n"
    "Exit codes:\n"
    "  1  integrity failure: a record was changed, inserted, removed or moved\n"
    "  2  usage: a key or receipt cannot be read\n"
    "  3  consistent, but unanchored: no fault was found, and nothing outside the host proves\n"
    "     that records at the end are not missing\n"
    "  4  a gap, or a torn end that the daemon has not recovered yet\n"
    "  5  cannot verify: unreadable, of an unknown version, or nothing found\n"
    "(0, complete to an independent time-stamp, is not given by this version.)";

struct VerifyArguments {
  VerifyOptions options;
  bool json = false;
};

std::string_view verdict(VerifyExit exit) {
  switch (exit) {
    case VerifyExit::whole:
      return "VERIFIED";
    case VerifyExit::integrity:
      return "FAILED: the log was changed";
    case VerifyExit::usage:
      return "NOT VERIFIED: usage";
    case VerifyExit::unanchored:
      return "VERIFIED (unanchored)";
    case VerifyExit::gap:
      return "INCOMPLETE: a gap or a torn end";
    case VerifyExit::cannot:
      return "NOT VERIFIED: cannot be read";
  }
  return "NOT VERIFIED";
}

void write_stream(JsonWriter& json, const StreamReport& stream) {
  json.begin_object().string("directory", stream.directory).string("stream", stream.stream);
  json.string("origin", stream.origin).string("public_key", stream.public_key);
  json.integer("segments", static_cast<std::int64_t>(stream.segments));
  json.integer("records", static_cast<std::int64_t>(stream.records));
  json.string("root", stream.root).boolean("sealed", stream.sealed);
  json.string("first_time", stream.first_time).string("last_time", stream.last_time);
  json.end_object();
}

void write_fault(JsonWriter& json, const Fault& fault) {
  json.begin_object().string("file", fault.file);
  json.integer("line", static_cast<std::int64_t>(fault.line));
  json.integer("offset", static_cast<std::int64_t>(fault.offset));
  if (fault.seq) json.integer("seq", static_cast<std::int64_t>(*fault.seq));
  json.integer("kind", static_cast<int>(fault.kind)).string("message", fault.message);
  json.end_object();
}

void print_json(const VerifyReport& report) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().integer("exit", static_cast<int>(report.exit));
  json.string("verdict", verdict(report.exit));
  json.name("streams").begin_array();
  for (const StreamReport& stream : report.streams) write_stream(json, stream);
  json.end_array().name("faults").begin_array();
  for (const Fault& fault : report.faults) write_fault(json, fault);
  json.end_array().integer("fault_count", static_cast<std::int64_t>(report.fault_count));
  json.integer("records", static_cast<std::int64_t>(report.records));
  json.integer("decisions", static_cast<std::int64_t>(report.decisions));
  json.integer("outcomes", static_cast<std::int64_t>(report.outcomes));
  json.integer("open_decisions", static_cast<std::int64_t>(report.open_decisions));
  json.name("notes").strings(report.notes);
  json.name("not_checked").strings(report.not_checked).end_object();
  std::printf("%s\n", out.c_str());
}

void print_stream(const StreamReport& stream) {
  std::printf("%s\n", stream.directory.c_str());
  std::printf("  stream      %s\n", stream.stream.c_str());
  std::printf("  signed by   %s\n", stream.public_key.c_str());
  std::printf("  records     %llu in %llu segments%s\n",
              static_cast<unsigned long long>(stream.records),
              static_cast<unsigned long long>(stream.segments),
              stream.sealed ? "" : ", the last one not sealed");
  std::printf("  from, to    %s, %s\n", stream.first_time.c_str(), stream.last_time.c_str());
  std::printf("  root        %s\n", stream.root.empty() ? "unknown" : stream.root.c_str());
}

void print_text(const VerifyReport& report) {
  for (const StreamReport& stream : report.streams) print_stream(stream);
  std::printf("decisions %llu, outcomes %llu, allowed without an outcome %llu\n",
              static_cast<unsigned long long>(report.decisions),
              static_cast<unsigned long long>(report.outcomes),
              static_cast<unsigned long long>(report.open_decisions));
  for (const Fault& fault : report.faults) std::printf("%s\n", printable(fault.text()).c_str());
  if (report.fault_count > report.faults.size()) {
    std::printf("... and %llu more faults\n",
                static_cast<unsigned long long>(report.fault_count - report.faults.size()));
  }
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  for (const std::string& what : report.not_checked) {
    std::printf("not checked: %s\n", what.c_str());
  }
  std::printf("%s\n", std::string(verdict(report.exit)).c_str());
}

int verify(const VerifyArguments& arguments) {
  const VerifyReport report = verify_log(arguments.options);
  if (arguments.json) {
    print_json(report);
  } else {
    print_text(report);
  }
  return static_cast<int>(report.exit);
}

}  // namespace

void add_audit_verify(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand("verify", verify_help);
  const auto arguments = std::make_shared<VerifyArguments>();
  VerifyOptions& options = arguments->options;
  command->add_option("DIR", options.directories, "Directories of streams")->required();
  command->add_option("--public-key", options.public_key_file,
                      "signing.pub, had from the operator by another way than the log");
  CLI::Option* key = command->add_option("--key", options.key_file,
                                         "K_0 of the stream, 64 hex digits in a file (mode 0600)");
  command
      ->add_option("--escrow-key", options.escrow_key_file,
                   "escrow.pem, which opens the K_0 that the log carries (mode 0600)")
      ->excludes(key);
  command->add_option("--receipt", options.receipts,
                      "A Portcullis-Receipt that must be in the log; may be repeated");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] { exit_code = verify(*arguments); });
}

}  // namespace portcullis::cli
