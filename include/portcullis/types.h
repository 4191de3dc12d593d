// The values that flow through one exchange, from the caller's token to the recorded decision.
//
// Plain values without behaviour. Every std::string_view in them says whose bytes it sees.
// Thread-safety: as for any value; nothing here is shared and mutable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace portcullis {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256 or HMAC-SHA256

// ---------------------------------------------------------------- refusals

// Why a request is refused. Each has one stable code (reason_code), which callers, SDKs, records
// and documentation use; src/net/reply.cpp alone maps a reason to an HTTP status.
enum class Reason : std::uint8_t {
  none,
  // HTTP
  http_malformed,
  header_too_large,
  body_too_large,
  method_not_allowed,
  length_required,
  upgrade_refused,
  expectation_failed,
  cors_refused,
  // identity
  token_missing,
  token_ambiguous,  // the identity header was sent twice
  token_malformed,
  token_too_large,
  token_issuer_unknown,
  token_algorithm,
  token_key_unknown,
  token_signature,
  token_type,
  token_expired,
  token_not_yet_valid,
  token_lifetime,
  token_audience,
  token_client,
  token_bound,         // sender-constrained: never accepted as a plain bearer token
  token_rate,          // too many unverified tokens from this source
  issuer_unavailable,  // no keys, or keys older than the hard maximum
  directory_stale,
  subject_unresolved,  // a valid token, but no natural person behind it can be established
  subject_inactive,
  subject_is_service,
  // content
  path_unknown,
  encoding_unsupported,
  encoding_invalid,
  decoded_too_large,
  media_type_unsupported,
  json_invalid,
  utf8_invalid,
  nesting_too_deep,
  duplicate_member,
  unknown_member,
  member_invalid,  // a known member with a value of the wrong type
  provider_state,
  hosted_tool,
  remote_host,
  too_many_texts,
  // classification
  unscanned,
  classifier_failed,
  // policy
  unknown_model,
  forbidden,
  indeterminate,
  not_permitted,     // no permit matched
  data_not_covered,  // permits matched, but none covers the data that was found
  obligation_conflict,
  policy_unavailable,
  // transformation
  unredactable,
  // audit
  audit_unavailable,
  record_too_large,
  // forwarding
  upstream_unreachable,
  upstream_timeout,
  upstream_invalid,
  upstream_redirect,
  upstream_too_large,
  // the daemon itself
  overloaded,
  deadline,
  draining,
  internal,
};
inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::internal) + 1;

// The stable code, e.g. "token_expired". Lower-case ASCII with underscores; never changes once
// released.
std::string_view reason_code(Reason reason);
// The inverse; nullopt for a code that no Reason has.
std::optional<Reason> reason_from_code(std::string_view code);

// A refusal: reason, one sentence for the caller (no token, no matched value), and where in the
// body.
struct Denial {
  Reason reason = Reason::internal;
  std::string detail;
  std::string pointer;  // schema-safe JSON pointer; empty where there is none
};

template <class T>
using OrDenial = tl::expected<T, Denial>;

inline tl::unexpected<Denial> deny(Reason reason, std::string detail, std::string pointer = {}) {
  return tl::unexpected<Denial>(Denial{reason, std::move(detail), std::move(pointer)});
}

// ---------------------------------------------------------------- identity

enum class SubjectKind : std::uint8_t { unresolved, person, service };
enum class Proof : std::uint8_t {
  none,
  directory,
  profile
};  // what established that it is a person

// Who is behind the request. nullopt means *unknown*, which policy treats as such; never "empty".
struct Subject {
  SubjectKind kind = SubjectKind::unresolved;
  std::string id;      // the directory's id, or "<issuer>|<key>" where the profile is the proof
  std::string issuer;  // `iss`, exactly
  std::string key;     // the immutable key of the person at that issuer
  Proof proof = Proof::none;
  std::optional<std::vector<std::string>> groups;
  std::optional<std::string> employment;     // e.g. employee, contractor
  std::optional<std::int64_t> contract_end;  // seconds since 1970-01-01T00:00:00Z
  std::optional<bool> guest;
  std::optional<std::int64_t> auth_time;  // seconds since 1970-01-01T00:00:00Z
};

// The application, as the token's azp or client_id names it and the registry describes it.
struct Client {
  std::optional<std::string> id;
  std::optional<std::string> kind;  // interactive, agent, batch
  std::optional<std::string> purpose;
};

// What the record says of the token: never the token itself.
struct TokenEvidence {
  std::string issuer;
  std::string key_id;
  std::string token_id;  // `jti`, possibly empty
  std::vector<std::string> audience;
  std::int64_t expires = 0;  // seconds since 1970-01-01T00:00:00Z
  Digest digest{};           // SHA-256 of the whole compact token
};

struct Identified {
  Subject subject;
  Client client;
  TokenEvidence token;
};

// ---------------------------------------------------------------- content

struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last byte
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

enum class TextKind : std::uint8_t {
  string,       // a JSON string value
  member_name,  // a JSON member name
  number,       // a number's lexeme
  joined,       // sibling array elements or adjacent parts, read as one
  header,       // a forwarded header's value
  path,         // the forwarded path, percent-decoded
  query,        // a forwarded query value
};

// One text to be classified. `value` and `key` view bytes owned by the Content that made the Text
// (or by the request head for header, path and query) and die with it.
struct Text {
  std::string_view value;  // unescaped UTF-8
  std::string_view key;    // the nearest member name: context for classification; may be empty
  std::string pointer;     // schema-safe: members outside the surface's schema are "*<ordinal>"
  TextKind kind = TextKind::string;
  ByteRange raw;  // in the decoded body, between the quotes; empty for header/path/query
  std::uint8_t escape_depth =
      1;  // how many JSON string layers lie between `raw` and `value`; 0 = verbatim
  bool redactable = false;  // the surface names this place as text that may be rewritten
  // Of a joined text: the offsets in `value` at which one element ends and the next begins, sorted.
  // Only a finding with begin < seam < end says anything new: all others lie within one element,
  // which is a text of its own (with its own findings, and redactable or not by its own place).
  std::vector<std::uint32_t> seams{};
  // Bytes that stand before each seam and belong to neither element. Not 0: the text before is the
  // same elements with nothing between them.
  std::uint8_t seam_bytes = 0;
};

// Something that is forwarded and could not be read as text.
struct Unscanned {
  std::string what;     // image, audio, file, opaque, token_ids, provider_sealed, budget
  std::string pointer;  // schema-safe
};

// ---------------------------------------------------------------- classification

enum class Confidence : std::uint8_t { low, medium, high };
std::string_view confidence_name(Confidence confidence);

// One place at which one detector found one value. `type` and `data_class` view strings owned by
// the Classifier (alive as long as the snapshot that holds it).
struct Finding {
  std::string_view type;        // e.g. us_ssn
  std::string_view data_class;  // e.g. pii
  Confidence confidence = Confidence::low;
  std::uint32_t text = 0;   // index into the texts that were scanned
  std::uint32_t begin = 0;  // bytes of Text::value
  std::uint32_t end = 0;
};

struct Findings {
  std::vector<Finding> findings;     // ordered by text, begin, end, type
  std::vector<Unscanned> unscanned;  // what classification itself had to leave: budget, opaque
  std::uint64_t bytes = 0;           // bytes of text that were scanned
};

// ---------------------------------------------------------------- policy

enum class Effect : std::uint8_t { deny, allow };

struct RequestFacts {
  std::string action;   // chat, complete, embed, respond, list_models
  std::string surface;  // openai
  std::string path;
  std::string route;  // the configured route's path pattern
  bool stream = false;
  std::string credential = "daemon";  // whose credential goes upstream
  std::vector<std::string> hosted_tools;
  std::vector<std::string> remote_hosts;
};

struct ModelFacts {
  std::string name;   // on the wire
  std::string entry;  // the catalogue's key; empty: not in the catalogue
  std::string upstream;
  std::optional<std::string> region;
  std::vector<std::string> tags;
};

// All spans that policy cannot tell apart. A span may carry several classes (its type's own, and
// those that a combination rule added). `redactable`: every one of the spans lies in rewritable
// text.
struct DataItem {
  std::string type;                  // us_ssn, or unscanned.image ...
  std::vector<std::string> classes;  // sorted
  Confidence confidence = Confidence::high;
  std::uint32_t count = 1;
  bool redactable = true;
};

struct Environment {
  std::int64_t now = 0;  // seconds since 1970-01-01T00:00:00Z
};

// Everything a decision depends on, besides the policy. Recorded, so that the decision can be
// re-derived.
struct PolicyInput {
  Subject subject;
  Client client;
  RequestFacts request;
  ModelFacts model;
  std::vector<DataItem> data;  // sorted by type, classes, confidence, redactable
  Environment env;
};

enum class ObligationType : std::uint8_t { redact };

struct Obligation {
  ObligationType type = ObligationType::redact;
  std::vector<std::string> classes;  // sorted
  friend bool operator==(const Obligation&, const Obligation&) = default;
};

struct Decision {
  Effect effect = Effect::deny;
  Reason reason = Reason::not_permitted;  // Reason::none when allowed
  std::string detail;                     // for the caller and for `policy explain`
  std::vector<std::string> rules;         // ids of the rules that decided, sorted
  std::vector<Obligation> obligations;    // merged; to be carried out before anything is sent
  std::vector<std::string> shadow;        // ids of shadow rules that would have changed the effect
};

}  // namespace portcullis
