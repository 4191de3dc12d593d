#include "classify/phone.h"

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

// ITU-T E.164: how many digits follow the country code where the plan is strict.
struct Plan {
  std::string_view code;
  std::size_t national_min, national_max;
};
constexpr Plan strict_plans[] = {
    {"1", 10, 10},  {"31", 9, 9},  {"32", 8, 9},  {"33", 9, 9},   {"34", 9, 9},
    {"39", 8, 11},  {"41", 9, 9},  {"44", 9, 10}, {"45", 8, 8},   {"46", 7, 10},
    {"47", 8, 8},   {"48", 9, 9},  {"49", 7, 11}, {"61", 9, 9},   {"86", 10, 11},
    {"91", 10, 10}, {"351", 9, 9}, {"353", 7, 9}, {"358", 6, 11}, {"420", 9, 9},
};

// All other assigned codes. Two digits: the listed ones; three digits: the listed first two.
constexpr std::string_view two_digit_codes =
    " 20 27 30 36 40 43 51 52 53 54 55 56 57 58 60 62 63 64 65 66 81 82 84 90 92 93 94 95 98 ";
constexpr std::string_view three_digit_zones =
    " 21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 80 "
    "85 87 88 96 97 99 ";

bool listed(std::string_view list, std::string_view code) {
  for (std::size_t at = list.find(code); at != std::string_view::npos;
       at = list.find(code, at + 1)) {
    if (list[at - 1] == ' ' && list[at + code.size()] == ' ') return true;
  }
  return false;
}

bool national(std::string_view digits, std::size_t min, std::size_t max) {
  return digits.size() >= min && digits.size() <= max && all_digits(digits) && digits[0] == '0' &&
         digits[1] != '0';
}

bool north_american(std::string_view ten) {
  return ten[0] >= '2' && ten[3] >= '2' && ten.substr(1, 2) != "11" && ten.substr(4, 2) != "11";
}

}  // namespace

bool e164(std::string_view digits) {
  if (digits.size() < 8 || digits.size() > 15 || !all_digits(digits) || digits[0] == '0') {
    return false;
  }
  for (const Plan& plan : strict_plans) {
    if (!digits.starts_with(plan.code)) continue;
    const std::size_t rest = digits.size() - plan.code.size();
    return rest >= plan.national_min && rest <= plan.national_max &&
           (plan.code != "1" || north_american(digits.substr(1)));
  }
  return listed(two_digit_codes, digits.substr(0, 2)) || digits[0] == '7' ||
         listed(three_digit_zones, digits.substr(0, 2));
}

bool us_phone(std::string_view digits) {
  if (digits.size() == 11 && digits[0] == '1') digits.remove_prefix(1);
  return digits.size() == 10 && all_digits(digits) && north_american(digits);
}

bool uk_phone(std::string_view digits) {
  return national(digits, 10, 11) && digits[1] != '4' && digits[1] != '6';
}

bool de_phone(std::string_view digits) { return national(digits, 9, 12); }

bool nl_phone(std::string_view digits) { return national(digits, 10, 10); }

bool es_phone(std::string_view digits) {
  return digits.size() == 9 && all_digits(digits) && digits[0] >= '6';
}

bool pl_phone(std::string_view digits) {
  return digits.size() == 9 && all_digits(digits) && digits[0] != '0' && digits[0] != '9';
}

}  // namespace portcullis::classify
