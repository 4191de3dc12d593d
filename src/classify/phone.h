// Telephone numbers: the national forms of the packs, and E.164 by country code.
//
// Pure functions over digits only, safe from any thread.
#pragma once

#include <string_view>

namespace portcullis::classify {

bool e164(std::string_view digits);  // without the plus sign
bool us_phone(std::string_view digits);
bool uk_phone(std::string_view digits);
bool de_phone(std::string_view digits);
bool nl_phone(std::string_view digits);
bool es_phone(std::string_view digits);
bool pl_phone(std::string_view digits);

}  // namespace portcullis::classify
