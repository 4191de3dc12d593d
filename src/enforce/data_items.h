// From findings in texts to what policy and records speak of: items, summaries, replacements.
//
// Pure functions. A finding in a joined text counts only if it crosses a seam: what lies within one
// part is found in that part as well.
#pragma once

#include <span>
#include <vector>

#include "content/content.h"
#include "enforce/ruling.h"

namespace portcullis {

// Drops the findings that a part of a joined text already has.
void drop_repeated_findings(std::span<const Text> texts, Findings& findings);

// Sorted by type, classes, confidence and redactability, with counts; unscanned parts are items as
// well.
std::vector<DataItem> data_items(std::span<const Text> texts, const Findings& findings,
                                 std::span<const Unscanned> unscanned);

std::vector<FindingSummary> summarise(std::span<const Text> texts, const Findings& findings);

// What to write in place of each finding that the obligations replace, ordered and without overlap:
// of overlapping findings the union is replaced once, by the token of the surest.
std::vector<Replacement> replacements(std::span<const Text> texts, const Findings& findings,
                                      const std::vector<Obligation>& obligations);

}  // namespace portcullis
