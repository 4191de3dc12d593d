// portcullis audit verify: what an auditor runs, offline and read-only.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "base/json_out.h"
#include "cli/audit_command.h"
#include "portcullis/verify.h"

namespace portcullis::cli {
namespace {

constexpr const char* verify_help =
    "Checks logs offline: chain, hashes, macs, Merkle tree, signatures, seals, anchors, receipts.\n"
    "Goes on after a fault and names each as file:line:offset:seq.\n"
    "\n"
    "Exit codes, the first that applies of 2, 1, 5, 4, 3, 0:\n"
    "  0  whole under the public key given, and complete to a time-stamp or a witness' "
    "cosignature\n"
    "  1  integrity failure: a record was changed, inserted, removed or moved, or a stream is "
    "missing\n"
    "  2  usage: an option or a file given with it cannot be used\n"
    "  3  consistent, but unanchored: nothing independent proves that none is missing at the end\n"
    "  4  a gap, or a torn end that the daemon has not recovered yet\n"
    "  5  cannot verify: unreadable, of an unknown version, or nothing found";

constexpr std::chrono::milliseconds progress_after{1000};

struct VerifyArguments {
  VerifyOptions options;
  std::int64_t anchor_age = 1800;  // seconds
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

void write_spans(JsonWriter& json, const JsonName& name, const std::vector<SeqSpan>& spans) {
  json.name(name).begin_array();
  for (const SeqSpan& span : spans) {
    json.begin_object().integer("first", static_cast<std::int64_t>(span.first));
    json.integer("last", static_cast<std::int64_t>(span.last)).end_object();
  }
  json.end_array();
}

void write_coverage(JsonWriter& json, const StreamReport& stream) {
  json.name("anchors").begin_array();
  for (const AnchorReport& anchor : stream.anchors) {
    json.begin_object().string("kind", anchor.kind).string("who", anchor.who);
    json.string("time", anchor.time).integer("size", static_cast<std::int64_t>(anchor.size));
    json.end_object();
  }
  json.end_array().name("unanchored").begin_array();
  for (const UnanchoredSpan& span : stream.unanchored) {
    json.begin_object().integer("first", static_cast<std::int64_t>(span.records.first));
    json.integer("last", static_cast<std::int64_t>(span.records.last));
    json.string("from", span.from).string("to", span.to).end_object();
  }
  json.end_array().name("time_gaps").begin_array();
  for (const TimeGap& gap : stream.time_gaps) {
    json.begin_object().integer("seq", static_cast<std::int64_t>(gap.seq));
    json.string("from", gap.from).string("to", gap.to).integer("seconds", gap.seconds);
    json.end_object();
  }
  json.end_array().name("open_decisions").begin_array();
  for (const std::uint64_t seq : stream.open_decisions) {
    json.integer(static_cast<std::int64_t>(seq));
  }
  json.end_array();
  write_spans(json, "erased", stream.erased);
  write_spans(json, "dropped", stream.dropped);
}

void write_stream(JsonWriter& json, const StreamReport& stream) {
  json.begin_object().string("directory", stream.directory).string("stream", stream.stream);
  json.string("origin", stream.origin).string("public_key", stream.public_key);
  json.integer("segments", static_cast<std::int64_t>(stream.segments));
  json.integer("records", static_cast<std::int64_t>(stream.records));
  json.string("root", stream.root).boolean("sealed", stream.sealed);
  json.string("first_time", stream.first_time).string("last_time", stream.last_time);
  write_coverage(json, stream);
  json.string("proved", stream.proved).end_object();
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
  json.string("asked", report.asked).string("found", report.found);
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

std::string span_text(const SeqSpan& span) {
  return span.first == span.last ? std::to_string(span.first)
                                 : std::to_string(span.first) + " to " + std::to_string(span.last);
}

void print_line(const std::string& name, const std::string& text) {
  std::printf("  %-11s %s\n", name.c_str(), printable(text).c_str());
}

void print_coverage(const StreamReport& stream) {
  if (!stream.anchors.empty()) {
    const AnchorReport& last = stream.anchors.back();
    print_line("anchored", std::to_string(last.size) + " records at " + last.time + " by " +
                               last.who + " (" + last.kind + "), " +
                               std::to_string(stream.anchors.size()) + " anchors in all");
  }
  for (const UnanchoredSpan& span : stream.unanchored) {
    print_line("unanchored", "records " + span_text(span.records) +
                                 (span.to.empty() ? "" : ", until " + span.to));
  }
  for (const TimeGap& gap : stream.time_gaps) {
    print_line("silent", std::to_string(gap.seconds / 60) + " minutes before record " +
                             std::to_string(gap.seq) + ", from " + gap.from + " to " + gap.to);
  }
  for (const SeqSpan& span : stream.erased)
    print_line("erased", span_text(span) + ", by permission");
  for (const SeqSpan& span : stream.dropped) {
    print_line("dropped", span_text(span) + ", by permission");
  }
  std::string open;
  for (const std::uint64_t seq : stream.open_decisions) open += ' ' + std::to_string(seq);
  if (!open.empty()) print_line("no outcome", "of decisions" + open);
}

void print_text(const VerifyReport& report) {
  for (const StreamReport& stream : report.streams) {
    print_stream(stream);
    print_coverage(stream);
  }
  std::printf("decisions %llu, outcomes %llu, allowed without an outcome %llu\n",
              static_cast<unsigned long long>(report.decisions),
              static_cast<unsigned long long>(report.outcomes),
              static_cast<unsigned long long>(report.open_decisions));
  for (const Fault& fault : report.faults) std::printf("%s\n", printable(fault.text()).c_str());
  if (report.fault_count > report.faults.size()) {
    std::printf("... and %llu more faults\n",
                static_cast<unsigned long long>(report.fault_count - report.faults.size()));
  }
  for (const std::string& note : report.notes) std::printf("note: %s\n", printable(note).c_str());
  for (const std::string& what : report.not_checked) {
    std::printf("not checked: %s\n", printable(what).c_str());
  }
  if (report.exit != VerifyExit::usage) {
    std::printf("asked: %s\nfound: %s\n", report.asked.c_str(), report.found.c_str());
  }
  for (const StreamReport& stream : report.streams) {
    std::printf("proved: %s: %s\n", printable(stream.directory).c_str(),
                printable(stream.proved).c_str());
  }
  std::printf("%s\n", std::string(verdict(report.exit)).c_str());
}

// One line on a terminal that is rewritten; nothing for work that is quickly done.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (shown_) std::fprintf(stderr, "\r%60s\r", "");
  }
  void show(const VerifyProgress& progress) {
    if (progress.bytes_total == 0 || Clock::now() - begin_ < progress_after) return;
    shown_ = true;
    const auto mebibytes = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1048576; };
    std::fprintf(stderr, "\rverifying: %.1f of %.1f MiB (%d%%)   ", mebibytes(progress.bytes_done),
                 mebibytes(progress.bytes_total),
                 static_cast<int>(progress.bytes_done * 100 / progress.bytes_total));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
  bool shown_ = false;
};

VerifyReport verify_with_progress(VerifyOptions options) {
  ProgressLine line;
  if (::isatty(STDERR_FILENO) == 1) {
    options.on_progress = [&line](const VerifyProgress& progress) { line.show(progress); };
  }
  return verify_log(options);
}

int verify(const VerifyArguments& arguments) {
  const VerifyReport report = verify_with_progress(arguments.options);
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
  CLI::Option* key = command->add_option(
      "--key", options.key_file, "K_0 of the one stream, 64 hex digits in a file (mode 0600)");
  command
      ->add_option("--escrow-key", options.escrow_key_file,
                   "escrow.pem, which opens the K_0 that a log carries (mode 0600)")
      ->excludes(key);
  command->add_option("--approver-key", options.approver_key_file,
                      "Public key of who may approve that records go; else the log's word for it");
  const auto repeated = [&](const char* name, std::vector<std::string>& values, const char* what) {
    command->add_option(name, values, what)->allow_extra_args(false);
  };
  repeated("--tsa-certificate", options.certificate_files,
           "Certificates of time-stamp authorities that you trust; may be repeated");
  repeated("--witness-key", options.witness_key_files,
           "Verifier keys of witnesses that you trust; may be repeated");
  repeated("--anchor", options.anchor_files,
           "A checkpoint that you kept, and FILE.tsr beside it if there is one; may be repeated");
  command
      ->add_option("--anchor-age", arguments->anchor_age,
                   "How long the newest records may be without an anchor (30m)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}));
  repeated("--receipt", options.receipts,
           "A Portcullis-Receipt that must be in the log; may be repeated");
  command->add_option("--streams", options.streams_file,
                      "The streams that must be there, one <deployment>/<stream> a line");
  command->add_option("--from", options.from, "What is asked for begins then (RFC 3339)");
  command->add_option("--to", options.to, "... and ends then");
  command->add_option("--jobs", options.jobs, "Segments at the same time; else all processors")
      ->check(CLI::Range(1, 1024));
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] {
    arguments->options.anchor_age = std::chrono::seconds(arguments->anchor_age);
    exit_code = verify(*arguments);
  });
}

}  // namespace portcullis::cli
