#include "net/source_limits.h"

#include <algorithm>

namespace portcullis {
namespace {

constexpr std::size_t networks_max = 65536;
constexpr std::size_t records_per_minute = 10;

// One more in the window that began at `start`; a new window begins when the old one is over.
bool take_one(SourceLimits::Time& start, std::size_t& used, SourceLimits::Time now,
              std::chrono::seconds window, std::size_t most) {
  if (now - start >= window) {
    start = now;
    used = 0;
  }
  if (used >= most) return false;
  ++used;
  return true;
}

}  // namespace

SourceLimits::Source& SourceLimits::source(const std::string& network) {
  // Forgetting all of them at once is crude, but bounded, and only lets each begin a new window.
  if (sources_.size() >= networks_max && !sources_.contains(network)) sources_.clear();
  return sources_[network];
}

bool SourceLimits::may_verify(const std::string& network, Time now) {
  Source& from = source(network);
  return take_one(from.second, from.verifications, now, std::chrono::seconds(1),
                  rates_.verifications_per_source_s) &&
         take_one(second_, verifications_, now, std::chrono::seconds(1),
                  rates_.verifications_per_s);
}

bool SourceLimits::may_record(const std::string& network, Time now) {
  Source& from = source(network);
  return take_one(from.minute, from.records, now, std::chrono::minutes(1), records_per_minute);
}

void SourceLimits::count(Reason reason, const std::string& network) {
  const auto row = std::find_if(counts_.begin(), counts_.end(), [&](const ShedRow& counted) {
    return counted.reason == reason && counted.source == network;
  });
  if (row != counts_.end()) {
    ++row->count;
  } else if (counts_.size() + 1 < shed_rows_max) {
    counts_.push_back({reason, network, 1});
  } else if (network != "other") {
    count(Reason::overloaded, "other");  // the last row: more causes and sources than rows
  } else {
    counts_.push_back({reason, network, 1});
  }
}

std::vector<ShedRow> SourceLimits::take_counts() { return std::exchange(counts_, {}); }

}  // namespace portcullis
