// portcullis audit: what auditors run.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "audit/file.h"
#include "audit/moment.h"
#include "cli/audit_command.h"
#include "cli/command.h"

namespace portcullis::cli {
namespace {

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Closer>;

}  // namespace

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

int complain(const Error& error, VerifyExit exit) {
  std::fprintf(stderr, "%s\n", printable(error.message).c_str());
  return static_cast<int>(exit);
}

int complain(const Error& error) {
  return complain(error,
                  error.cause == Cause::untrusted ? VerifyExit::integrity : VerifyExit::cannot);
}

int write_output(const std::string& path, std::string_view content) {
  // Exclusive: an auditor's file is never overwritten.
  const File file(path.empty() ? nullptr : std::fopen(path.c_str(), "wx"));
  if (!path.empty() && file == nullptr) return complain(audit::io_error("create", path, -errno));
  std::FILE* out = path.empty() ? stdout : file.get();
  if (std::fwrite(content.data(), 1, content.size(), out) != content.size() ||
      std::fflush(out) != 0) {
    return complain(audit::io_error("write", path.empty() ? "standard output" : path, -errno));
  }
  return 0;
}

Result<std::string> parse_time(const std::string& text) {
  constexpr std::size_t day_bytes = 10;
  auto time = audit::record_time(text.size() == day_bytes ? text + "T00:00:00Z" : text);
  if (!time) {
    return failure(Cause::invalid, "not a day or an RFC 3339 time: " + printable(text) +
                                       " (2026-11-22, 2026-11-22T15:44:01Z)");
  }
  return *std::move(time);
}

Result<std::string> read_input(const std::string& path, std::size_t bytes_max) {
  const bool standard = path == "-";
  const File file(standard ? nullptr : std::fopen(path.c_str(), "rb"));
  if (!standard && file == nullptr) return tl::unexpected(audit::io_error("open", path, -errno));
  std::string out(bytes_max + 1, '\0');
  std::FILE* in = standard ? stdin : file.get();
  out.resize(std::fread(out.data(), 1, out.size(), in));
  if (std::ferror(in) != 0) return tl::unexpected(audit::io_error("read", path, -EIO));
  if (out.size() > bytes_max) return failure(Cause::limit, path + " is too large");
  return out;
}

void add_audit(CLI::App& app, int& exit_code) {
  CLI::App* audit = app.add_subcommand("audit", "Verify, read and prune the audit log");
  audit->require_subcommand(1);
  add_audit_verify(*audit, exit_code);
  add_audit_show(*audit, exit_code);
  add_audit_prove(*audit, exit_code);
  add_audit_check_proof(*audit, exit_code);
  add_audit_consistency(*audit, exit_code);
  add_audit_replay(*audit, exit_code);
  add_audit_export(*audit, exit_code);
  add_audit_approve(*audit, exit_code);
  add_audit_retain(*audit, exit_code);
}

}  // namespace portcullis::cli
