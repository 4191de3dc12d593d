// Limits that hold per source network: how many unverified tokens a second, and how many
// unauthenticated denials a minute get a record of their own. What is refused is counted, never
// forgotten.
//
// Confined to one worker. Bounded: past 65,536 networks all are forgotten and begin anew.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "enforce/record.h"

namespace portcullis {

class SourceLimits {
 public:
  struct Rates {
    std::size_t verifications_per_s = 2000;
    std::size_t verifications_per_source_s = 50;
  };
  explicit SourceLimits(Rates rates) : rates_(rates) {}

  using Time = std::chrono::steady_clock::time_point;
  // Whether one more unverified token of this network may be verified now.
  bool may_verify(const std::string& network, Time now);
  // Whether an unauthenticated denial of this network gets a record of its own: the first ten a
  // minute.
  bool may_record(const std::string& network, Time now);
  // Counts a refusal that has no record of its own.
  void count(Reason reason, const std::string& network);
  // Everything counted since the last call, at most shed_rows_max rows; the rest is summed in the
  // last.
  std::vector<ShedRow> take_counts();

 private:
  struct Source {
    Time second{};
    std::size_t verifications = 0;
    Time minute{};
    std::size_t records = 0;
  };
  Source& source(const std::string& network);

  Rates rates_;
  Time second_{};
  std::size_t verifications_ = 0;
  std::unordered_map<std::string, Source> sources_;
  std::vector<ShedRow> counts_;
};

}  // namespace portcullis
