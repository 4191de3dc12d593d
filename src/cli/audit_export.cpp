// portcullis audit export: records in the words of other systems.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "audit/export.h"
#include "cli/audit_command.h"
#include "cli/audit_filter.h"

namespace portcullis::cli {
namespace {

using audit::ExportFormat;
using audit::StoredRecord;
using audit::Visit;

constexpr std::size_t write_bytes = 256u << 10;

struct Arguments {
  std::string directory;
  FilterArguments filter;
  audit::ExportOptions options;
  std::string output;
  bool octet_counting = false;
};

// HOSTNAME of RFC 5424: printable ASCII without spaces.
bool is_hostname(const std::string& text) {
  const auto printable_ascii = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= 255 &&
         std::all_of(text.begin(), text.end(), printable_ascii);
}

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class Exporter {
 public:
  explicit Exporter(const Arguments& arguments) : arguments_(arguments) {}

  int run(const audit::RecordFilter& filter) {
    if (!arguments_.output.empty()) {
      file_.reset(std::fopen(arguments_.output.c_str(), "wx"));
      if (file_ == nullptr) {
        return complain({Cause::io, "cannot create " + arguments_.output +
                                        ": it exists, or its directory cannot be written"});
      }
    }
    buffer_ = audit::export_header(arguments_.options);
    const auto browsed = browse(filter);
    if (!browsed) return complain(browsed.error(), VerifyExit::cannot);
    if (!flush()) {
      return complain({Cause::io, "the output cannot be written"}, VerifyExit::cannot);
    }
    if (left_out_ > 0) {
      std::fprintf(stderr, "%llu records of other types were left out\n",
                   static_cast<unsigned long long>(left_out_));
    }
    if (browsed->unreadable == 0) return 0;
    return complain({Cause::untrusted, std::to_string(browsed->unreadable) +
                                           " lines are no records: run portcullis audit verify"});
  }

 private:
  Result<audit::Browsed> browse(const audit::RecordFilter& filter) {
    Progress progress;
    audit::BrowseOptions options{arguments_.directory, filter, 0, {}};
    options.progress = [&](std::size_t segment, std::size_t segments) {
      progress.show(segment, segments);
    };
    return audit::browse(options, [this](const StoredRecord& record) {
      if (!append_export(buffer_, record, arguments_.options)) ++left_out_;
      return buffer_.size() < write_bytes || write() ? Visit::go_on : Visit::stop;
    });
  }

  bool write() {
    std::FILE* out = file_ ? file_.get() : stdout;
    failed_ = failed_ || std::fwrite(buffer_.data(), 1, buffer_.size(), out) != buffer_.size();
    buffer_.clear();
    return !failed_;
  }
  bool flush() { return write() && std::fflush(file_ ? file_.get() : stdout) == 0; }

  const Arguments& arguments_;
  std::unique_ptr<std::FILE, Closer> file_;  // nullptr: standard output
  std::string buffer_;
  std::uint64_t left_out_ = 0;
  bool failed_ = false;
};

int run(const Arguments& arguments) {
  const auto filter = make_filter(arguments.filter);
  if (!filter) return complain(filter.error(), VerifyExit::usage);
  if (!is_hostname(arguments.options.hostname)) {
    return complain({Cause::invalid, "--hostname: printable ASCII without spaces"},
                    VerifyExit::usage);
  }
  return Exporter(arguments).run(*filter);
}

}  // namespace

void add_audit_export(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "export",
      "Writes a log's records for other systems. Proves nothing: keep the log.\n"
      "csv: RFC 4180; cells that a spreadsheet would run as a formula (= + - @) get an "
      "apostrophe.\n"
      "ocsf: OCSF 1.3.0 API Activity, JSON lines; decisions and outcomes only.\n"
      "syslog: RFC 5424 with structured data.\n"
      "Exit codes: 0; 1 the log holds lines that are no records; 2 usage; 5 cannot read or write.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("DIR", arguments->directory, "Directory of a stream")->required();
  command->add_option("--format", arguments->options.format, "csv, ocsf or syslog")
      ->required()
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, ExportFormat>{{"csv", ExportFormat::csv},
                                              {"ocsf", ExportFormat::ocsf},
                                              {"syslog", ExportFormat::syslog}}));
  add_filter_options(*command, arguments->filter);
  command->add_option("--output", arguments->output, "A new file instead of standard output");
  command->add_option("--hostname", arguments->options.hostname,
                      "syslog: the HOSTNAME field. Default: -");
  command->add_flag("--octet-counting", arguments->octet_counting,
                    "syslog: frames of RFC 6587 section 3.4.1 instead of lines");
  command->callback([arguments, &exit_code] {
    if (arguments->octet_counting) {
      arguments->options.framing = audit::SyslogFraming::octet_counting;
    }
    exit_code = run(*arguments);
  });
}

}  // namespace portcullis::cli
