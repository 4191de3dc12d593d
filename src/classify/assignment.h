// Credentials that are named: the value after a word such as "password".
//
// Pure, safe from any thread. Linear: at most `credential_bytes_max` bytes after a word.
#pragma once

#include <optional>
#include <string_view>

#include "portcullis/types.h"

namespace portcullis::classify {

inline constexpr std::size_t credential_bytes_max = 256;

struct Credential {
  ByteRange range;
  bool strong = false;
};

// The value assigned to the word that ends at `word_end`: `password = "x"`, `password: x`,
// `password is x`. nullopt if nothing is assigned or it is a placeholder.
std::optional<Credential> find_assigned(std::string_view text, std::size_t word_end);

// Where a value of `credential_bytes_max` bytes, as much as is judged, goes on to.
std::size_t assigned_end(std::string_view text, std::size_t end);

// Whether the whole of `value` may be a credential, if a name says so: neither prose nor a
// placeholder.
bool may_be_credential(std::string_view value);
// Several kinds of characters, as no word of prose has.
bool is_strong_credential(std::string_view value);

}  // namespace portcullis::classify
