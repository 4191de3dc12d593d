#include "net/anchor_witness.h"

#include <limits>

#include "base/json_out.h"
#include "net/fetch.h"

namespace portcullis {
namespace {

constexpr std::size_t answer_bytes_max = 16u << 10;
constexpr int submissions_max = 3;  // the size may be learnt, and change once meanwhile
constexpr std::size_t size_digits_max = 16;

Draft draft_cosigned(const std::string& note) {
  std::string members;
  JsonWriter(members).string("kind", "witness").string("note", note);
  return {RecordType::anchor, std::move(members)};
}

std::string submission_url(std::string prefix) {
  if (!prefix.ends_with('/')) prefix += '/';
  return prefix + "add-checkpoint";
}

}  // namespace

std::string submission_body(const CheckpointSubmission& submission) {
  std::string out = "old " + std::to_string(submission.old_size) + '\n';
  for (const Digest& digest : submission.proof) out += base64(digest) + '\n';
  return out + '\n' + submission.note;
}

std::optional<std::uint64_t> parse_known_size(std::string_view body) {
  if (!body.ends_with('\n')) return std::nullopt;
  body.remove_suffix(1);
  const bool canonical = !body.empty() && (body.front() != '0' || body.size() == 1);
  if (!canonical || body.size() > size_digits_max) return std::nullopt;
  std::uint64_t out = 0;
  for (const char c : body) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

WitnessClient::WitnessClient(WitnessSection section, audit::WitnessKey key, Prove prove)
    : section_(std::move(section)), key_(std::move(key)), prove_(std::move(prove)) {}

Task<Result<Draft>> WitnessClient::cosign(const SignedCheckpoint& checkpoint) {
  for (int i = 0; i < submissions_max; ++i) {
    std::string cosigned;
    const Result<Next> next = co_await submit(checkpoint, cosigned);
    if (!next) co_return tl::unexpected<Error>(next.error());
    if (*next == Next::done) co_return draft_cosigned(cosigned);
  }
  co_return failure(Cause::io, section_.url + " contradicts itself about the size that it knows");
}

Task<Result<WitnessClient::Next>> WitnessClient::submit(const SignedCheckpoint& checkpoint,
                                                        std::string& cosigned) {
  const auto proof = prove_(known_size_, checkpoint.size);
  if (!proof) co_return tl::unexpected<Error>(proof.error());
  const FetchRequest request{.url = submission_url(section_.url),
                             .ca_file = section_.tls_ca_file,
                             .accept = "*/*",
                             .timeout = section_.timeout,
                             .bytes_max = answer_bytes_max,
                             .content_type = "text/plain",
                             .body = submission_body({known_size_, *proof, checkpoint.note})};
  const Result<FetchAnswer> answer = co_await fetch(request);
  if (!answer) co_return tl::unexpected<Error>(answer.error());
  if (answer->status == 409) co_return learn_size(checkpoint, answer->body);
  if (answer->status == 422) {
    co_return failure(Cause::stale, section_.url + " has cosigned " + std::to_string(known_size_) +
                                        " records that this log does not begin with");
  }
  if (answer->status == 404) {
    co_return failure(Cause::not_found, section_.url +
                                            " does not know this log: its origin and "
                                            "key must be made known to the witness");
  }
  if (answer->status != 200) {
    co_return failure(Cause::io, section_.url + " answered " + std::to_string(answer->status));
  }
  auto note = audit::cosigned_note(checkpoint.note, answer->body, key_);
  if (!note) co_return failure(note.error().cause, section_.url + ": " + note.error().message);
  cosigned = std::move(*note);
  known_size_ = checkpoint.size;
  co_return Next::done;
}

// The witness knows another size than we thought.
Result<WitnessClient::Next> WitnessClient::learn_size(const SignedCheckpoint& checkpoint,
                                                      std::string_view body) {
  const auto size = parse_known_size(body);
  if (!size) return failure(Cause::invalid, section_.url + " answered 409 without a size");
  if (*size > checkpoint.size) {
    return failure(Cause::stale, section_.url + " has cosigned " + std::to_string(*size) +
                                     " records, of which this log has only " +
                                     std::to_string(checkpoint.size));
  }
  if (*size == known_size_) {
    return failure(Cause::stale, section_.url + " has cosigned other " + std::to_string(*size) +
                                     " records than those of this log");
  }
  known_size_ = *size;
  return Next::again;
}

}  // namespace portcullis
