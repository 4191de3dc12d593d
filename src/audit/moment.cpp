#include "audit/moment.h"

#include <algorithm>
#include <chrono>

#include "audit/record.h"
#include "base/clock.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t seconds_end = 19;  // of "2026-11-22T15:44:01"
constexpr std::size_t offset_bytes = 6;  // "+01:00"

std::optional<int> number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<std::int64_t> date_and_time(std::string_view text) {
  if (text.size() < seconds_end || text[4] != '-' || text[7] != '-' || text[13] != ':' ||
      text[16] != ':') {
    return std::nullopt;
  }
  const auto year = number(text.substr(0, 4));
  const auto month = number(text.substr(5, 2));
  const auto day = number(text.substr(8, 2));
  const auto hour = number(text.substr(11, 2));
  const auto minute = number(text.substr(14, 2));
  const auto second = number(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(days).count() + *hour * 3600 + *minute * 60 + *second;
}

// Of "Z", "+01:00", "-05:30".
std::optional<std::int64_t> offset_seconds(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != offset_bytes || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
    return std::nullopt;
  }
  const auto hours = number(text.substr(1, 2));
  const auto minutes = number(text.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

}  // namespace

std::optional<std::int64_t> seconds_of(std::string_view record_time) {
  if (record_time.size() != time_bytes) return std::nullopt;
  return date_and_time(record_time);
}

std::optional<std::string> record_time(std::string_view text) {
  const auto local = date_and_time(text);
  if (!local || (text[10] != 'T' && text[10] != 't' && text[10] != ' ')) return std::nullopt;
  text.remove_prefix(seconds_end);
  std::string fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 9) return std::nullopt;
    fraction = text.substr(0, digits);
    text.remove_prefix(digits);
  }
  const auto offset = offset_seconds(text);
  if (!offset) return std::nullopt;
  fraction.resize(9, '0');
  std::string out = rfc3339_seconds(*local - *offset).substr(0, seconds_end);
  return out + '.' + fraction + 'Z';
}

}  // namespace portcullis::audit
