#include "audit/found.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace portcullis::audit {

void FaultKinds::add(const FaultKinds& more) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += more.counts_[i];
}

std::uint64_t FaultKinds::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void FoundList::add(Found found) {
  if (listed_.size() < faults_max) {
    listed_.push_back(std::move(found));
    return;
  }
  add_unlisted({found.fault.kind, found.about, 1});
}

void FoundList::add_unlisted(const Unlisted& more) {
  if (!unlisted_.empty() && unlisted_.back().kind == more.kind) {
    Unlisted& last = unlisted_.back();
    const bool both_anywhere = !last.about && !more.about;
    const bool next = last.about && more.about && more.about->first >= last.about->first &&
                      more.about->first <= last.about->last + 1;
    if (both_anywhere || next) {
      if (next) last.about->last = std::max(last.about->last, more.about->last);
      last.count += more.count;
      return;
    }
  }
  unlisted_.push_back(more);
}

void FoundList::append(FoundList&& more, std::uint64_t segment) {
  for (Found& found : more.listed_) {
    found.segment = segment;
    add(std::move(found));
  }
  for (const Unlisted& unlisted : more.unlisted_) add_unlisted(unlisted);
}

}  // namespace portcullis::audit
