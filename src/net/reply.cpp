#include "net/reply.h"

#include <algorithm>
#include <array>

#include "base/json_out.h"

namespace portcullis {
namespace {

// In ranges of the enum: from this reason on, until the next row.
struct StatusRow {
  Reason reason;
  unsigned status;
};
constexpr StatusRow statuses[] = {
    {Reason::http_malformed, 400},
    {Reason::header_too_large, 431},
    {Reason::body_too_large, 413},
    {Reason::method_not_allowed, 405},
    {Reason::length_required, 411},
    {Reason::upgrade_refused, 403},
    {Reason::expectation_failed, 417},
    {Reason::cors_refused, 403},
    {Reason::token_missing, 401},
    {Reason::token_ambiguous, 400},
    {Reason::token_malformed, 401},
    {Reason::token_rate, 429},
    {Reason::issuer_unavailable, 503},
    {Reason::directory_stale, 503},
    {Reason::subject_unresolved, 403},
    {Reason::path_unknown, 404},
    {Reason::encoding_unsupported, 415},
    {Reason::encoding_invalid, 400},
    {Reason::decoded_too_large, 413},
    {Reason::media_type_unsupported, 415},
    {Reason::json_invalid, 400},
    {Reason::provider_state, 403},
    {Reason::too_many_texts, 413},
    {Reason::unscanned, 403},
    {Reason::classifier_failed, 503},
    {Reason::unknown_model, 403},
    {Reason::policy_unavailable, 503},
    {Reason::unredactable, 403},
    {Reason::audit_unavailable, 503},
    {Reason::record_too_large, 403},
    {Reason::upstream_unreachable, 502},
    {Reason::upstream_timeout, 504},
    {Reason::upstream_invalid, 502},
    {Reason::overloaded, 503},
    {Reason::deadline, 408},
    {Reason::draining, 503},
    {Reason::internal, 500},
};
static_assert(std::is_sorted(std::begin(statuses), std::end(statuses),
                             [](const StatusRow& a, const StatusRow& b) {
                               return a.reason < b.reason;
                             }));

struct TextRow {
  unsigned status;
  std::string_view text;
  std::string_view type;  // OpenAI's error.type
};
constexpr TextRow texts[] = {
    {200, "OK", ""},
    {204, "No Content", ""},
    {400, "Bad Request", "invalid_request_error"},
    {401, "Unauthorized", "authentication_error"},
    {403, "Forbidden", "permission_error"},
    {404, "Not Found", "invalid_request_error"},
    {405, "Method Not Allowed", "invalid_request_error"},
    {408, "Request Timeout", "invalid_request_error"},
    {411, "Length Required", "invalid_request_error"},
    {413, "Content Too Large", "invalid_request_error"},
    {415, "Unsupported Media Type", "invalid_request_error"},
    {417, "Expectation Failed", "invalid_request_error"},
    {429, "Too Many Requests", "rate_limit_error"},
    {431, "Request Header Fields Too Large", "invalid_request_error"},
    {500, "Internal Server Error", "server_error"},
    {502, "Bad Gateway", "server_error"},
    {503, "Service Unavailable", "server_error"},
    {504, "Gateway Timeout", "server_error"},
};

const TextRow& row_of(unsigned status) {
  const auto found = std::find_if(std::begin(texts), std::end(texts),
                                  [&](const TextRow& row) { return row.status == status; });
  return found == std::end(texts) ? texts[std::size(texts) - 4] : *found;
}

// A refusal that was decided stays refused; a fault, a limit of rate or a time-out may pass.
bool is_final(unsigned status) { return status < 500 && status != 408 && status != 429; }

std::string error_object(const Denial& denial) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().name("error").begin_object();
  json.string("message", "Portcullis: " + denial.detail);
  json.string("type", row_of(status_of(denial.reason)).type);
  if (denial.pointer.empty()) {
    json.name("param").raw("null");
  } else {
    json.string("param", denial.pointer);
  }
  json.string("code", reason_code(denial.reason));
  json.end_object().end_object();
  return out;
}

void append_challenge(std::string& out, const Denial& denial, const ReplyContext& context) {
  out += "WWW-Authenticate: Bearer";
  std::string_view separator = " ";
  if (denial.reason != Reason::token_missing) {
    out += " error=\"invalid_token\"";
    separator = ", ";
  }
  if (!context.resource_metadata.empty()) {
    out += separator;
    out += "resource_metadata=\"" + context.resource_metadata + "\"";
  }
  out += "\r\n";
}

}  // namespace

unsigned status_of(Reason reason) {
  const auto after =
      std::upper_bound(std::begin(statuses), std::end(statuses), reason,
                       [](Reason wanted, const StatusRow& row) { return wanted < row.reason; });
  return after == std::begin(statuses) ? 500 : std::prev(after)->status;
}

std::string_view status_text(unsigned status) {
  const auto found = std::find_if(std::begin(texts), std::end(texts),
                                  [&](const TextRow& row) { return row.status == status; });
  return found == std::end(texts) ? std::string_view("Status") : found->text;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_context_headers(std::string& out, const ReplyContext& context) {
  if (!context.decision_id.empty()) append_header(out, "Portcullis-Decision", context.decision_id);
  if (context.receipt) append_header(out, "Portcullis-Receipt", context.receipt->text());
  if (!context.cors_origin.empty()) {
    append_header(out, "Access-Control-Allow-Origin", context.cors_origin);
    append_header(out, "Vary", "Origin");
  }
}

std::string render_denial(const Denial& denial, const ReplyContext& context) {
  const unsigned status = status_of(denial.reason);
  const std::string body = error_object(denial);
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out += status_text(status);
  out += "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  out += "\r\nCache-Control: no-store\r\n";
  if (status == 401) append_challenge(out, denial, context);
  if (status == 405) out += "Allow: GET, POST\r\n";
  if (is_final(status)) out += "x-should-retry: false\r\n";
  append_context_headers(out, context);
  if (!context.keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  out += body;
  return out;
}

std::string render_stream_error(const Denial& denial) {
  return "data: " + error_object(denial) + "\n\n";
}

std::string render_preflight(const std::string& origin) {
  std::string out = "HTTP/1.1 204 No Content\r\n";
  append_context_headers(out, ReplyContext{.cors_origin = origin});
  out +=
      "Access-Control-Allow-Methods: GET, POST\r\n"
      "Access-Control-Allow-Headers: authorization, content-type, x-api-key, api-key, "
      "portcullis-identity\r\n"
      "Access-Control-Max-Age: 600\r\n\r\n";
  return out;
}

}  // namespace portcullis
