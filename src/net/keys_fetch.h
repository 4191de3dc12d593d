// Fetches one issuer's keys once, synchronously: for tools. The daemon refreshes them with
// net/key_keeper.h instead.
//
// Blocks for a few times fetch_timeout at most; call it from no I/O worker. Errors: why its keys
// cannot be had. Standards: OpenID Connect Discovery 1.0 section 4, RFC 8414, RFC 7517.
#pragma once

#include <cstddef>
#include <vector>

#include "config/config.h"
#include "portcullis/identity.h"
#include "portcullis/result.h"

namespace portcullis {

// In the order of config.identity.issuers; only those of `issuer` (an index into it) are usable,
// for the daemon asks no other one about that issuer's tokens either.
Result<std::vector<IssuerKeys>> fetch_issuer_keys_once(const Config& config, std::size_t issuer);

}  // namespace portcullis
