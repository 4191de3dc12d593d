// What a policy may refer to, for the commands that load one.
//
// Reads the configuration; safe from any thread. Errors: every one that there is.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "portcullis/policy.h"

namespace portcullis::cli {

// What the daemon would let a policy refer to under this configuration; without one (an empty
// name), what ships.
tl::expected<PolicyContext, std::vector<std::string>> policy_context(
    const std::string& config_file);

}  // namespace portcullis::cli
