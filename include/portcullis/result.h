// Result<T>: the one way in which a function of Portcullis reports that it could not do its work.
//
// Thread-safety: plain values. Lifetime: an Error owns its text.
// Exceptions never cross a module border; what a library throws is caught there and becomes an
// Error.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace portcullis {

// What went wrong, coarse enough that a caller can act on it.
enum class Cause : std::uint8_t {
  invalid,      // the input does not have the form that it must have
  limit,        // the input is larger, deeper or more than the configuration allows
  not_found,    // what was asked for does not exist
  exists,       // what was to be created is there already
  unsupported,  // well formed, but not something that this version can handle
  untrusted,    // a signature, a permission or a check of origin failed
  stale,        // it was right once; too old now
  io,           // a system call or the network failed
  timeout,      // a deadline passed
  internal,     // a promise of ours was broken
};

// A cause and one sentence for a person. The text never holds a token, a key, or a caller's data.
struct Error {
  Cause cause = Cause::internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

// The one way to return a failure: `return failure(Cause::io, "cannot open x: ...");`
inline tl::unexpected<Error> failure(Cause cause, std::string message) {
  return tl::unexpected<Error>(Error{cause, std::move(message)});
}

}  // namespace portcullis
