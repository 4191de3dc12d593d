// The options by which `audit show` and `audit export` choose records, and progress for long work.
//
// Confined to one thread. Lifetime: the arguments must outlive the command.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "audit/browse.h"
#include "portcullis/result.h"

namespace CLI {
class App;
}

namespace portcullis::cli {

struct FilterArguments {
  audit::RecordFilter filter;
  std::string from;  // as given
  std::string to;
};
void add_filter_options(CLI::App& command, FilterArguments& arguments);
// Cause::invalid for a time that is none.
Result<audit::RecordFilter> make_filter(const FilterArguments& arguments);

// On standard error, and only if that is a terminal; wiped when it goes.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  void show(std::size_t segment, std::size_t segments);

 private:
  const bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace portcullis::cli
