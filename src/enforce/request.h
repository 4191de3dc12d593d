// The head of a request, as plain values: what the pure middle of an exchange sees of HTTP.
//
// Lifetimes: everything is owned. Built once per request by net/http_reader, before any byte of the
// body is read, so that nothing in the body (chunk trailers) can change it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portcullis {

struct Header {
  std::string name;   // lower case
  std::string value;  // without surrounding white space
};

struct RequestHead {
  std::string method;  // upper case
  std::string path;    // origin-form, as received
  std::string query;   // without the question mark
  std::vector<Header> headers;
  std::string source;  // the caller's address, as seen through trusted proxies
  bool keep_alive = true;
  bool http_1_0 = false;
  bool chunked = false;
  bool expects_continue = false;
  std::uint64_t content_length = 0;
  bool has_body() const { return chunked || content_length > 0; }

  // The first value of a header (lower-case name); nullptr if absent.
  const std::string* find(std::string_view name) const {
    for (const Header& header : headers) {
      if (header.name == name) return &header.value;
    }
    return nullptr;
  }
  std::size_t count(std::string_view name) const {
    std::size_t found = 0;
    for (const Header& header : headers) found += header.name == name ? 1 : 0;
    return found;
  }
};

}  // namespace portcullis
