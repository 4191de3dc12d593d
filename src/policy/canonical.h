// The identity of a policy set: RFC 8785 (JCS) form of its normalised syntax tree.
//
// Two sources with the same canonical form decide alike under the same semantics version. Pure.
#pragma once

#include <string>

#include "policy/syntax.h"

namespace portcullis::policy {

std::string canonical_json(const Syntax& syntax);

}  // namespace portcullis::policy
