#include "classify/resolve.h"

#include <algorithm>
#include <tuple>

namespace portcullis::classify {
namespace {

constexpr std::size_t neighbours_max = 256;  // of one finding that are compared with it

bool contains(const Finding& outer, const Finding& inner) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

bool explains(const Found& outer, const Found& inner) {
  if (!contains(outer.finding, inner.finding)) return false;
  if (outer.finding.type == inner.finding.type) {
    return outer.finding.confidence >= inner.finding.confidence;
  }
  return outer.checked && outer.finding.confidence > inner.finding.confidence;
}

}  // namespace

void resolve(std::vector<Found>& found) {
  // Outer before inner, surer before less sure: only what comes earlier can explain.
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    const auto key = [](const Found& f) {
      return std::tuple(f.finding.begin, ~f.finding.end, -static_cast<int>(f.finding.confidence),
                        f.finding.type);
    };
    return key(a) < key(b);
  });
  std::vector<bool> gone(found.size(), false);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::size_t limit = std::min(found.size(), i + 1 + neighbours_max);
    for (std::size_t j = i + 1; j < limit && found[j].finding.begin < found[i].finding.end; ++j) {
      if (explains(found[i], found[j])) gone[j] = true;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!gone[i]) found[kept++] = found[i];
  }
  found.resize(kept);
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::tie(a.finding.begin, a.finding.end, a.finding.type) <
           std::tie(b.finding.begin, b.finding.end, b.finding.type);
  });
}

}  // namespace portcullis::classify
