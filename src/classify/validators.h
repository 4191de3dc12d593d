// Validators: whether the canonical form of a value keeps the rules of its type.
//
// Canonical: separators removed, letters in upper case where the type does not tell cases apart.
// Pure functions, safe from any thread; any input is allowed and a wrong length is simply invalid.
#pragma once

#include <span>
#include <string_view>

namespace portcullis::classify {

using Validator = bool (*)(std::string_view canonical);

struct NamedValidator {
  std::string_view name;
  Validator valid;
};

// All of them, sorted by name.
std::span<const NamedValidator> validators();
// nullptr if there is none of that name.
Validator find_validator(std::string_view name);

// The length of an IBAN of this country (ISO 13616 registry), 0 if the country has none.
std::size_t iban_length(std::string_view country);

}  // namespace portcullis::classify
