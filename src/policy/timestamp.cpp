#include "policy/timestamp.h"

#include <algorithm>
#include <chrono>

namespace portcullis::policy {
namespace {

constexpr std::string_view shape = "dddd-dd-ddTdd:dd:ddZ";

bool has_shape(std::string_view text) {
  return text.size() == shape.size() && std::ranges::equal(text, shape, [](char c, char expected) {
           return expected == 'd' ? c >= '0' && c <= '9' : c == expected;
         });
}

int digits(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  if (!has_shape(text)) return std::nullopt;
  const auto part = [&](std::size_t at) { return digits(text.substr(at, 2)); };
  const std::chrono::year_month_day date{std::chrono::year(digits(text.substr(0, 4))),
                                         std::chrono::month(static_cast<unsigned>(part(5))),
                                         std::chrono::day(static_cast<unsigned>(part(8)))};
  const int hour = part(11), minute = part(14), second = part(17);
  if (!date.ok() || date.year() < std::chrono::year(1970)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86400 + hour * 3600 + minute * 60 + second;
}

}  // namespace portcullis::policy
