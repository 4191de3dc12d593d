// UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix milliseconds, then random bits. Safe from
// any thread.
#pragma once

#include <string>

#include "base/clock.h"

namespace portcullis {

// 36 characters, lower case: "0193...-7...-...".
std::string uuid_v7(WallNanos now);

}  // namespace portcullis
