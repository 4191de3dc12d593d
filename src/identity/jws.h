// The compact form of a signed token (RFC 7515 section 3.1), taken apart and not yet believed.
//
// Pure functions, safe from any thread. Lifetimes: CompactJws::signing_input views the token.
// Errors: Denial token_malformed; the detail never holds a part of the token.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "portcullis/types.h"

namespace portcullis {

struct CompactJws {
  std::string_view signing_input;  // header and payload as sent, with the dot between them
  std::string header;
  std::string payload;
  Bytes signature;
};
// Exactly three parts, each canonical base64url, none empty.
OrDenial<CompactJws> split_compact_jws(std::string_view token);

struct JoseHeader {
  std::string algorithm;
  std::string key_id;
  std::string type;  // `typ`, lower case, without "application/"; empty if absent
};
// Refuses crit, b64, zip and enc: each would change what the signature covers. Keys that a token
// brings along or points to (jwk, jku, x5c, x5u) are ignored: never used, never fetched.
OrDenial<JoseHeader> read_jose_header(std::string_view json);

// The normal form in which media types of `typ` are compared (RFC 7515 section 4.1.9).
std::string normal_type(std::string_view type);

}  // namespace portcullis
