// Patterns for request.path and model.name: `*` stands for any run of characters, all others for
// themselves. Pure functions; safe from any thread.
//
// The work is bounded by pattern length times text length, without backtracking.
#pragma once

#include <string_view>

namespace portcullis::policy {

bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace portcullis::policy
