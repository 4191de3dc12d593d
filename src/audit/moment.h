// Times as records write them: RFC 3339 in UTC with nine fractional digits, which order as text.
//
// Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis::audit {

// Seconds since 1970 of the time of a record; nullopt if its digits are no date.
std::optional<std::int64_t> seconds_of(std::string_view record_time);

// Any RFC 3339 date and time, with an offset or Z, as a record would write it.
std::optional<std::string> record_time(std::string_view text);

}  // namespace portcullis::audit
