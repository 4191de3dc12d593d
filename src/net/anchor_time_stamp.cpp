#include "net/anchor_time_stamp.h"

#include "base/crypto.h"
#include "base/json_out.h"
#include "net/fetch.h"

namespace portcullis {
namespace {

constexpr std::string_view query_type = "application/timestamp-query";
constexpr std::string_view reply_type = "application/timestamp-reply";

// Positive as a DER integer, and never zero.
std::uint64_t fresh_nonce() {
  std::array<std::uint8_t, 8> bytes{};
  random_bytes(bytes);
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8 | byte;
  return out >> 1 | 1;
}

Draft draft_time_stamp(const std::string& note, const std::string& reply) {
  std::string members;
  JsonWriter json(members);
  json.string("kind", "time_stamp").string("note", note);
  json.string("reply", base64(as_bytes(reply)));
  return {RecordType::anchor, std::move(members)};
}

}  // namespace

Task<Result<Draft>> time_stamp_note(const TimeStampSection& section,
                                    const audit::TimeStampAuthorities& trusted,
                                    const std::string& note) {
  const std::uint64_t nonce = fresh_nonce();
  const Bytes query = audit::make_time_stamp_request(note, nonce);
  const FetchRequest request{.url = section.url,
                             .ca_file = section.tls_ca_file,
                             .accept = std::string(reply_type),
                             .timeout = section.timeout,
                             .bytes_max = audit::time_stamp_reply_bytes_max,
                             .content_type = std::string(query_type),
                             .body = std::string(as_text(query))};
  const Result<FetchAnswer> answer = co_await fetch(request);
  if (!answer) co_return tl::unexpected<Error>(answer.error());
  if (answer->status != 200 || answer->content_type != reply_type) {
    co_return failure(Cause::io, section.url + " answered " + std::to_string(answer->status) +
                                     ", not a time-stamp reply");
  }
  const auto stamp = audit::verify_time_stamp(as_bytes(answer->body), note, trusted, nonce);
  if (!stamp) co_return failure(stamp.error().cause, section.url + ": " + stamp.error().message);
  co_return draft_time_stamp(note, answer->body);
}

}  // namespace portcullis
