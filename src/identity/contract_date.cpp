#include "identity/contract_date.h"

#include <chrono>

namespace portcullis {
namespace {

constexpr std::size_t date_length = 10;  // 2026-12-31
constexpr std::size_t time_length = 19;  // 2026-12-31T17:00:00

// Compares with a pattern in which 'd' stands for any digit.
bool has_form(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (pattern[i] == 'd' ? !digit : text[i] != pattern[i]) return false;
  }
  return true;
}

// Only after has_form() has seen digits there.
int number(std::string_view text, std::size_t begin, std::size_t length) {
  int out = 0;
  for (const char c : text.substr(begin, length)) out = out * 10 + (c - '0');
  return out;
}

std::optional<std::chrono::sys_days> parse_day(std::string_view text) {
  if (!has_form(text, "dddd-dd-dd")) return std::nullopt;
  const std::chrono::year_month_day day{
      std::chrono::year{number(text, 0, 4)},
      std::chrono::month{static_cast<unsigned>(number(text, 5, 2))},
      std::chrono::day{static_cast<unsigned>(number(text, 8, 2))}};
  if (!day.ok() || day.year() < std::chrono::year{1970}) return std::nullopt;
  return std::chrono::sys_days{day};
}

// Hours and minutes at `begin`, as minutes.
std::optional<std::chrono::minutes> parse_minutes(std::string_view text, std::size_t begin) {
  const int hours = number(text, begin, 2);
  const int minutes = number(text, begin + 3, 2);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::hours{hours} + std::chrono::minutes{minutes};
}

std::optional<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes{0};
  if (!has_form(text, "+dd:dd") && !has_form(text, "-dd:dd")) return std::nullopt;
  const auto offset = parse_minutes(text, 1);
  if (!offset) return std::nullopt;
  return text.front() == '-' ? -*offset : *offset;
}

}  // namespace

std::optional<std::int64_t> parse_contract_end(std::string_view text) {
  const auto day = parse_day(text.substr(0, date_length));
  if (!day) return std::nullopt;
  const auto midnight = std::chrono::duration_cast<std::chrono::seconds>(day->time_since_epoch());
  if (text.size() == date_length) return (midnight + std::chrono::days{1}).count();
  if (text.size() < time_length ||
      !has_form(text.substr(date_length, time_length - date_length), "Tdd:dd:dd")) {
    return std::nullopt;
  }
  const auto minutes = parse_minutes(text, 11);
  const int seconds = number(text, 17, 2);
  const auto offset = parse_offset(text.substr(time_length));
  if (!minutes || seconds > 59 || !offset) return std::nullopt;
  return (midnight + *minutes + std::chrono::seconds{seconds} - *offset).count();
}

}  // namespace portcullis
