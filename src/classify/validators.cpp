#include "classify/validators.h"

#include <array>

#include "classify/checksums.h"
#include "classify/phone.h"
#include "classify/secret_checks.h"

namespace portcullis::classify {
namespace {

bool has_digits(std::string_view text, std::size_t count) {
  return text.size() == count && all_digits(text);
}

bool uniform(std::string_view text) {
  return text.find_first_not_of(text.front()) == std::string_view::npos;
}

// ---- cards and banks

// Issuer ranges by their first digits, inclusive, with the lengths that are issued.
struct IssuerRange {
  unsigned first, last;
  std::size_t prefix, length_min, length_max;
};
constexpr IssuerRange issuers[] = {
    {4, 4, 1, 13, 19},            // Visa: 13, 16, 19
    {51, 55, 2, 16, 16},          // Mastercard
    {2221, 2720, 4, 16, 16},      // Mastercard, 2-series
    {34, 34, 2, 15, 15},          // American Express
    {37, 37, 2, 15, 15},          //
    {6011, 6011, 4, 16, 19},      // Discover
    {644, 659, 3, 16, 19},        //
    {622126, 622925, 6, 16, 19},  // UnionPay with Discover
    {62, 62, 2, 16, 19},          // UnionPay
    {81, 81, 2, 16, 19},          //
    {3528, 3589, 4, 16, 19},      // JCB
    {300, 305, 3, 14, 19},        // Diners Club
    {36, 36, 2, 14, 19},          //
    {38, 39, 2, 14, 19},          //
    {50, 50, 2, 13, 19},          // Maestro
    {56, 58, 2, 13, 19},          //
    {6304, 6304, 4, 13, 19},      //
    {6759, 6763, 4, 13, 19},      //
    {2200, 2204, 4, 16, 19},      // Mir
};

bool payment_card(std::string_view card) {
  if (card.size() < 13 || card.size() > 19 || card[0] < '2' || card[0] > '8' || !all_digits(card) ||
      !luhn(card)) {
    return false;
  }
  if (card[0] == '4' && card.size() != 13 && card.size() != 16 && card.size() != 19) return false;
  for (const IssuerRange& range : issuers) {
    const unsigned prefix = number_at(card, 0, range.prefix);
    if (prefix >= range.first && prefix <= range.last && card.size() >= range.length_min &&
        card.size() <= range.length_max) {
      return true;
    }
  }
  return false;
}

bool any_luhn(std::string_view text) { return text.size() >= 2 && all_digits(text) && luhn(text); }

// ISO 7064 MOD 97-10: letters count as two digits.
bool mod97_10(std::string_view text) {
  if (text.size() < 3) return false;
  unsigned remainder = 0;
  for (const char c : text) {
    if (!is_digit(c) && !is_upper(c)) return false;
    const unsigned value = is_digit(c) ? digit(c) : static_cast<unsigned>(c - 'A' + 10);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder == 1;
}

bool iban(std::string_view text) {
  if (text.size() < 15 || text.size() > 34 || text.size() != iban_length(text.substr(0, 2))) {
    return false;
  }
  std::array<char, 34> moved{};
  std::copy(text.begin() + 4, text.end(), moved.begin());
  std::copy(text.begin(), text.begin() + 4, moved.begin() + static_cast<long>(text.size() - 4));
  return all_digits(text.substr(2, 2)) && mod97_10({moved.data(), text.size()});
}

bool aba_routing(std::string_view text) {
  if (!has_digits(text, 9)) return false;
  const unsigned district = number_at(text, 0, 2);
  const bool known = (district >= 1 && district <= 12) || (district >= 21 && district <= 32) ||
                     (district >= 61 && district <= 72) || district == 80;
  return known && weighted_sum(text, "371371371") % 10 == 0;
}

// ---- United States

bool us_ssn(std::string_view text) {
  if (!has_digits(text, 9)) return false;
  const unsigned area = number_at(text, 0, 3);
  return area != 0 && area != 666 && area < 900 && number_at(text, 3, 2) != 0 &&
         number_at(text, 5, 4) != 0 && !uniform(text) && text != "123456789" &&
         text != "078051120" && text != "219099999";
}

bool us_itin(std::string_view text) {
  if (!has_digits(text, 9) || text[0] != '9') return false;
  const unsigned group = number_at(text, 3, 2);
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
         (group >= 90 && group <= 92) || (group >= 94 && group <= 99);
}

bool us_npi_provider(std::string_view text) {
  if (!has_digits(text, 10) || (text[0] != '1' && text[0] != '2')) return false;
  std::array<char, 15> prefixed{'8', '0', '8', '4', '0'};
  std::copy(text.begin(), text.end(), prefixed.begin() + 5);
  return luhn({prefixed.data(), prefixed.size()});
}

// ---- Europe

// Weights 10 down to 2, the check digit counts once.
bool mod11_nhs(std::string_view text) {
  if (!has_digits(text, 10) || uniform(text)) return false;
  const unsigned sum = 10 * digit(text[0]) + weighted_sum(text.substr(1), "98765432");
  return (sum + digit(text[9])) % 11 == 0;
}

bool nl_bsn(std::string_view text) {
  if (!has_digits(text, 9) || uniform(text)) return false;
  // The last digit counts -1, which is 10 modulo 11.
  return (weighted_sum(text, "98765432") + 10 * digit(text[8])) % 11 == 0;
}

// ISO 7064 MOD 11,10 over all digits.
bool mod11_10(std::string_view text) {
  if (text.size() < 2 || !all_digits(text)) return false;
  unsigned product = 10;
  for (const char c : text.substr(0, text.size() - 1)) {
    unsigned sum = (digit(c) + product) % 10;
    if (sum == 0) sum = 10;
    product = sum * 2 % 11;
  }
  return (11 - product) % 10 == digit(text.back());
}

// Of the first ten digits exactly one occurs twice or three times; three in a row are not issued.
bool de_tax_id(std::string_view text) {
  if (!has_digits(text, 11) || text[0] == '0') return false;
  std::array<unsigned, 10> counts{};
  for (const char c : text.substr(0, 10)) ++counts[digit(c)];
  const auto times = [&](unsigned n) { return std::count(counts.begin(), counts.end(), n); };
  if (times(2) + times(3) != 1 ||
      std::any_of(counts.begin(), counts.end(), [](unsigned n) { return n > 3; })) {
    return false;
  }
  return mod11_10(text);
}

constexpr std::string_view dni_letters = "TRWAGMYFPDXBNJZSQVHLCKE";

bool es_dni(std::string_view text) {
  return text.size() == 9 && all_digits(text.substr(0, 8)) &&
         text[8] == dni_letters[number_at(text, 0, 8) % 23] && text != "00000000T";
}

bool es_nie(std::string_view text) {
  if (text.size() != 9 || text[0] < 'X' || text[0] > 'Z' || !all_digits(text.substr(1, 7))) {
    return false;
  }
  const unsigned number = static_cast<unsigned>(text[0] - 'X') * 10'000'000 + number_at(text, 1, 7);
  return text[8] == dni_letters[number % 23];
}

bool is_day(unsigned year, unsigned month, unsigned day) {
  constexpr unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

// The century is coded in the month: 80 to 92 is 1800, 1 to 12 is 1900, 21 to 32 is 2000 and so on.
bool pl_pesel(std::string_view text) {
  if (!has_digits(text, 11)) return false;
  const unsigned coded = number_at(text, 2, 2);
  const unsigned century = coded / 20;
  const unsigned year = (century == 4 ? 1800 : 1900 + 100 * century) + number_at(text, 0, 2);
  return is_day(year, coded % 20, number_at(text, 4, 2)) &&
         (weighted_sum(text, "1379137913") + digit(text[10])) % 10 == 0;
}

bool pl_nip(std::string_view text) {
  return has_digits(text, 10) && !uniform(text) &&
         weighted_sum(text, "657234567") % 11 == digit(text[9]);
}

// HMRC: two letters with exceptions, six digits, a suffix A to D.
bool uk_nino(std::string_view text) {
  if (text.size() != 9 || !all_digits(text.substr(2, 6)) || text[8] < 'A' || text[8] > 'D') {
    return false;
  }
  constexpr std::string_view never_first = "DFIQUV";
  constexpr std::string_view never_second = "DFIQUVO";
  constexpr std::string_view never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
  const std::string_view prefix = text.substr(0, 2);
  return is_upper(text[0]) && is_upper(text[1]) &&
         never_first.find(text[0]) == std::string_view::npos &&
         never_second.find(text[1]) == std::string_view::npos &&
         std::find(std::begin(never), std::end(never), prefix) == std::end(never);
}

// ---- dates: year first (YYYYMMDD), else day or month first with a year of two or four digits

bool plausible_birth(unsigned year, unsigned month, unsigned day) {
  return year >= 1900 && year <= 2035 && is_day(year, month, day);
}

bool date_year_first(std::string_view text) {
  return has_digits(text, 8) &&
         plausible_birth(number_at(text, 0, 4), number_at(text, 4, 2), number_at(text, 6, 2));
}

bool date_year_last(std::string_view text) {
  if (!has_digits(text, 8)) return false;
  const unsigned year = number_at(text, 4, 4);
  const unsigned one = number_at(text, 0, 2);
  const unsigned two = number_at(text, 2, 2);
  return plausible_birth(year, one, two) || plausible_birth(year, two, one);
}

bool date_any(std::string_view text) { return date_year_first(text) || date_year_last(text); }

bool not_uniform(std::string_view text) { return !text.empty() && !uniform(text); }

constexpr NamedValidator table[] = {
    {"aba_routing", aba_routing},
    {"date", date_any},
    {"de_phone", de_phone},
    {"de_tax_id", de_tax_id},
    {"e164", e164},
    {"es_dni", es_dni},
    {"es_nie", es_nie},
    {"es_phone", es_phone},
    {"github_crc32", github_crc32},
    {"iban", iban},
    {"luhn", any_luhn},
    {"mod11_10", mod11_10},
    {"mod11_nhs", mod11_nhs},
    {"mod97_10", mod97_10},
    {"nl_bsn", nl_bsn},
    {"nl_phone", nl_phone},
    {"not_uniform", not_uniform},
    {"payment_card", payment_card},
    {"pl_nip", pl_nip},
    {"pl_pesel", pl_pesel},
    {"pl_phone", pl_phone},
    {"random_looking", random_looking},
    {"uk_nino", uk_nino},
    {"uk_phone", uk_phone},
    {"us_itin", us_itin},
    {"us_npi_provider", us_npi_provider},
    {"us_phone", us_phone},
    {"us_ssn", us_ssn},
};

}  // namespace

std::span<const NamedValidator> validators() { return table; }

Validator find_validator(std::string_view name) {
  const auto* found = std::lower_bound(
      std::begin(table), std::end(table), name,
      [](const NamedValidator& entry, std::string_view wanted) { return entry.name < wanted; });
  return found != std::end(table) && found->name == name ? found->valid : nullptr;
}

}  // namespace portcullis::classify
