// E-mail addresses: around each '@', as RFC 5321 mailboxes are written in practice.
//
// Pure, safe from any thread. Linear: at most 64 bytes before and 255 after each '@' are looked at.
// Not covered: quoted local parts, address literals, names without a dot.
#pragma once

#include <optional>
#include <string_view>

#include "portcullis/types.h"

namespace portcullis::classify {

// The address whose '@' stands at `at`; nullopt if there is none.
std::optional<ByteRange> find_email(std::string_view text, std::size_t at);

}  // namespace portcullis::classify
