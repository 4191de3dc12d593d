// From the YAML tree of a policy set to its normalised syntax tree.
//
// The language is closed: whatever is not known here is an error at its position, and what later
// versions will know (lift, tokenize, budgets, ...) is refused by name rather than ignored. Pure;
// all errors go to `diagnostics`, and the result is meaningful only if there were none.
#pragma once

#include "base/yaml.h"
#include "policy/syntax.h"
#include "portcullis/policy.h"

namespace portcullis::policy {

Syntax parse_policy(const YamlNode& root, const PolicyContext& context, Diagnostics& diagnostics);

}  // namespace portcullis::policy
