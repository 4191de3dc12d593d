// One HTTP exchange with a party outside: an issuer, a time-stamp authority, a witness.
//
// HTTPS certificates are always verified; no redirect is followed; nothing is retried. Bounded: the
// answer by bytes_max, connecting and the rest by `timeout` each. Runs on the caller's io_context.
// Errors: Cause::io or timeout if there is no whole answer; what an answer's status means is the
// caller's to say. Standards: RFC 9110, RFC 9112.
#pragma once

#include <chrono>
#include <string>

#include "net/asio.h"
#include "portcullis/result.h"

namespace portcullis {

struct FetchRequest {
  std::string url;      // http:// or https://, perhaps with a query
  std::string ca_file;  // PEM, of an https:// url; empty: the system's
  std::string accept = "*/*";
  std::chrono::milliseconds timeout{5'000};
  std::size_t bytes_max = 1u << 20;
  std::string content_type;  // of `body`; empty: a GET without a body, else a POST
  std::string body;
};

struct FetchAnswer {
  unsigned status = 0;
  std::string content_type;  // without parameters, lower case
  std::string body;
};

// `request` must outlive the exchange.
Task<Result<FetchAnswer>> fetch(const FetchRequest& request);

}  // namespace portcullis
