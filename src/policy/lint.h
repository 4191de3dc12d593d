// What a policy set says that its author cannot have meant: warnings, never errors.
//
// Pure over the syntax tree. The work is bounded: past it, a warning says that lint is incomplete.
#pragma once

#include "base/yaml.h"
#include "policy/syntax.h"
#include "portcullis/policy.h"

namespace portcullis::policy {

void lint(const Syntax& syntax, const PolicyContext& context, Diagnostics& diagnostics);

}  // namespace portcullis::policy
