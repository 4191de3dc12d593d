// Fetches every configured issuer's keys once, synchronously: for tools. The daemon refreshes them
// with net/key_keeper.h instead.
//
// Blocks for at most fetch_timeout an issuer; call it from no I/O worker. Errors: the first issuer
// whose keys cannot be had, and why. Standards: OpenID Connect Discovery 1.0 section 4, RFC 8414,
// RFC 7517.
#pragma once

#include <vector>

#include "config/config.h"
#include "portcullis/identity.h"
#include "portcullis/result.h"

namespace portcullis {

// In the order of config.identity.issuers.
Result<std::vector<IssuerKeys>> fetch_issuer_keys_once(const Config& config);

}  // namespace portcullis
