// Overlapping findings of one text: what a surer one explains is left out.
//
// Pure, safe from any thread. A finding goes when it lies inside another one that is the same type
// and at least as sure, or that is surer and was checked by more than its form.
#pragma once

#include <string_view>
#include <vector>

#include "portcullis/types.h"

namespace portcullis::classify {

struct Found {
  Finding finding;
  bool checked = false;  // a check digit, a prefix or a structure speaks for it
};

// Sorts by (begin, end, type) and removes what is explained.
void resolve(std::vector<Found>& found);

}  // namespace portcullis::classify
