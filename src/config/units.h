// Durations and sizes as people write them: "500ms", "10s", "5m", "1h", "7d"; "64B", "64KiB",
// "16MiB", "1GiB". The unit is required, fractions do not exist, a leading zero is refused.
//
// Pure functions, safe from any thread. Errors: nullopt, also beyond 64 bits.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// The shortest exact form; the inverse of parsing.
std::string format_duration(std::chrono::milliseconds duration);
std::string format_bytes(std::uint64_t bytes);

}  // namespace portcullis
