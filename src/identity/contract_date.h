// When a contract ends, from the two forms in which a directory may say it.
//
// Pure, safe from any thread. Returns seconds since 1970-01-01T00:00:00Z, the first moment at which
// the contract is over; nullopt for any other text. Standard: RFC 3339, years 1970 to 9999, no
// fractions, no leap seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis {

// "2026-12-31": the last day counts, in UTC. "2026-12-31T17:00:00Z", "...+01:00": that moment.
std::optional<std::int64_t> parse_contract_end(std::string_view text);

}  // namespace portcullis
