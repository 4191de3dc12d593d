// The only place where a refusal becomes an HTTP answer.
//
// Pure functions. The body has the surface's own error shape, so that its SDKs raise what their
// users expect: for OpenAI {"error": {"message", "type", "param", "code"}}. Standards: RFC 6750
// section 3, RFC 9728 section 5.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "portcullis/audit.h"
#include "portcullis/types.h"

namespace portcullis {

unsigned status_of(Reason reason);
std::string_view status_text(unsigned status);

// What every answer of ours carries besides its body.
struct ReplyContext {
  std::string decision_id;         // empty: none was made
  std::optional<Receipt> receipt;  // of the durable record
  bool keep_alive = false;
  std::string cors_origin;        // the caller's, if it is on the list
  std::string resource_metadata;  // URL for RFC 9728; empty: none is published
};

// A complete answer: status line, head and body.
std::string render_denial(const Denial& denial, const ReplyContext& context);

// One terminal event for a stream that is cut, in the surface's error shape.
std::string render_stream_error(const Denial& denial);

// The answer to a CORS preflight of a listed origin.
std::string render_preflight(const std::string& origin);

void append_header(std::string& out, std::string_view name, std::string_view value);
// Header lines that every answer carries: decision, receipt, CORS.
void append_context_headers(std::string& out, const ReplyContext& context);

}  // namespace portcullis
