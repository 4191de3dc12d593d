// Judges an HTTP/1 request head before and after the tokeniser has seen it.
//
// Beast's parser accepts, among others, obs-fold, two equal Content-Lengths, unknown transfer
// codings, several or no Host, and any target. Each is a way to make two servers read one request
// differently (RFC 9112 section 11.2). Pure functions; a Denial has Reason::http_malformed,
// header_too_large, method_not_allowed, length_required, upgrade_refused or expectation_failed. The
// connection is closed after each.
#pragma once

#include <optional>
#include <string_view>

#include "enforce/request.h"
#include "portcullis/types.h"

namespace portcullis {

struct HeadLimits {
  std::size_t fields_max = 128;
};

bool equals_ignoring_case(std::string_view a, std::string_view b);

// Whether a comma-separated list (RFC 9110 section 5.6.1) holds the token, whatever its case.
bool has_token(std::string_view list, std::string_view token);

// `block` is the raw head: request line to the empty line, with its CRLFs. No line may begin with
// white space; only printable ASCII (and HTAB inside values); at most fields_max lines.
std::optional<Denial> check_raw_head(std::string_view block, const HeadLimits& limits);

// The same for an answer's head: nothing folded, nothing but the bytes a header may hold.
bool is_clean_answer_head(std::string_view block);

// Judges framing, Host, target, method and singleton headers, and fills head's derived members:
// path, query, keep_alive, chunked, content_length. `target` is the request target as received;
// `version` is 10 or 11.
struct RequestLine {
  std::string_view target;
  unsigned version = 11;
};
std::optional<Denial> check_head(RequestHead& head, const RequestLine& line);

}  // namespace portcullis
