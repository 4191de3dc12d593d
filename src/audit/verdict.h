// What a verified stream comes to: whether independent anchors cover what was asked for, what is
// therefore proved, and what the report says of it.
//
// Pure functions, safe from any thread.
#pragma once

#include <optional>
#include <string>

#include "audit/verify_stream.h"
#include "audit/verify_trust.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

// Fills what the report says of the stream; `stream` has all its anchors.
void describe(VerifiedStream& stream, const VerifyTrust& trust);

// nullopt if all that was asked for is covered by an independent anchor, else why not.
std::optional<std::string> why_not_anchored(const VerifiedStream& stream, const VerifyTrust& trust);

// nullopt if a signature, or macs under a key that was given, vouch for all that was asked for.
std::optional<std::string> why_not_signed(const VerifiedStream& stream);

}  // namespace portcullis::audit
