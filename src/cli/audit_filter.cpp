#include "cli/audit_filter.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <vector>

#include "audit/record.h"
#include "cli/audit_command.h"

namespace portcullis::cli {
namespace {

constexpr std::chrono::milliseconds progress_every{200};

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < audit::record_type_count; ++i) {
    names.emplace_back(record_type_name(static_cast<RecordType>(i)));
  }
  names.emplace_back(audit::erased_type);
  return names;
}

}  // namespace

void add_filter_options(CLI::App& command, FilterArguments& arguments) {
  audit::RecordFilter& filter = arguments.filter;
  command.add_option("--person", filter.person, "Only decisions about this subject's id");
  command.add_option("--from", arguments.from,
                     "Only of this time or later: a day (2026-11-22) or RFC 3339");
  command.add_option("--to", arguments.to, "Only before this time");
  command.add_option("--effect", filter.effect, "Only decisions with this effect")
      ->check(CLI::IsMember({"allow", "deny"}));
  command.add_option("--class", filter.data_class, "Only decisions on data of this class");
  command.add_option("--rule", filter.rule, "Only decisions in which this rule decided");
  command.add_option("--type", filter.type, "Only records of this type")
      ->check(CLI::IsMember(type_names()));
  command.add_option("--id", filter.id, "Only the decision with this id and its outcome");
}

Result<audit::RecordFilter> make_filter(const FilterArguments& arguments) {
  audit::RecordFilter filter = arguments.filter;
  for (const auto& [given, time] :
       {std::pair{&arguments.from, &filter.from}, std::pair{&arguments.to, &filter.to}}) {
    if (given->empty()) continue;
    auto parsed = parse_time(*given);
    if (!parsed) return tl::unexpected(parsed.error());
    *time = *std::move(parsed);
  }
  return filter;
}

Progress::Progress()
    : terminal_(::isatty(STDERR_FILENO) == 1),
      next_(std::chrono::steady_clock::now() + progress_every) {}

Progress::~Progress() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
}

void Progress::show(std::size_t segment, std::size_t segments) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now < next_) return;
  next_ = now + progress_every;
  shown_ = true;
  std::fprintf(stderr, "\r\033[Ksegment %zu of %zu", segment + 1, segments);
}

}  // namespace portcullis::cli
