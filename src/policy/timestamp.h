// Points in time as a policy writes them: RFC 3339 in UTC, whole seconds, "2027-01-31T18:00:00Z".
//
// A pure function; safe from any thread. Years 1970 to 9999; no leap second.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace portcullis::policy {

// Seconds since 1970-01-01T00:00:00Z; nullopt for any other text.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace portcullis::policy
