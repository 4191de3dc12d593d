// Checks of credentials: check sums, and whether a value looks like a secret or a placeholder.
//
// Pure functions, safe from any thread; any bytes are allowed.
#pragma once

#include <string_view>

namespace portcullis::classify {

// The last six of 36 characters are the base-62 CRC32 of the first thirty; `token` with its prefix.
bool github_crc32(std::string_view token);

// Shannon entropy in bits a character.
double entropy(std::string_view value);

// At least two kinds of characters and the entropy of something generated.
bool random_looking(std::string_view value);

// Stands for a secret in documentation or code: "changeme", "<token>", "${PASSWORD}", "xxxx" ...
bool is_placeholder(std::string_view value);

// How many of lower, upper, digit, other occur.
int character_kinds(std::string_view value);

}  // namespace portcullis::classify
