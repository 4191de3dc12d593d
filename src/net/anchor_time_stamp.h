// Asks a time-stamp authority to stamp a checkpoint, over HTTP.
//
// One question with a fresh nonce; the reply is verified before it becomes a record. Runs on the
// caller's io_context; nothing is kept between two calls. Standard: RFC 3161 section 3.4.
#pragma once

#include <string>

#include "audit/time_stamp.h"
#include "config/config.h"
#include "net/asio.h"
#include "portcullis/audit.h"

namespace portcullis {

// The `anchor` record. `section`, `trusted` and `note` must outlive the exchange.
Task<Result<Draft>> time_stamp_note(const TimeStampSection& section,
                                    const audit::TimeStampAuthorities& trusted,
                                    const std::string& note);

}  // namespace portcullis
