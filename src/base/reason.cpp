#include <algorithm>
#include <array>

#include "portcullis/types.h"

namespace portcullis {
namespace {

// In the order of the enum; the index is the value.
constexpr std::array<std::string_view, reason_count> codes = {
    "none",
    "http_malformed",
    "header_too_large",
    "body_too_large",
    "method_not_allowed",
    "length_required",
    "upgrade_refused",
    "expectation_failed",
    "cors_refused",
    "token_missing",
    "token_ambiguous",
    "token_malformed",
    "token_too_large",
    "token_issuer_unknown",
    "token_algorithm",
    "token_key_unknown",
    "token_signature",
    "token_type",
    "token_expired",
    "token_not_yet_valid",
    "token_lifetime",
    "token_audience",
    "token_client",
    "token_bound",
    "token_rate",
    "issuer_unavailable",
    "directory_stale",
    "subject_unresolved",
    "subject_inactive",
    "subject_is_service",
    "path_unknown",
    "encoding_unsupported",
    "encoding_invalid",
    "decoded_too_large",
    "media_type_unsupported",
    "json_invalid",
    "utf8_invalid",
    "nesting_too_deep",
    "duplicate_member",
    "unknown_member",
    "member_invalid",
    "provider_state",
    "hosted_tool",
    "remote_host",
    "too_many_texts",
    "unscanned",
    "classifier_failed",
    "unknown_model",
    "forbidden",
    "indeterminate",
    "not_permitted",
    "data_not_covered",
    "obligation_conflict",
    "policy_unavailable",
    "unredactable",
    "audit_unavailable",
    "record_too_large",
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_invalid",
    "upstream_redirect",
    "upstream_too_large",
    "overloaded",
    "deadline",
    "draining",
    "internal",
};
static_assert(codes.back() == "internal", "one code for each Reason, in its order");

}  // namespace

std::string_view reason_code(Reason reason) { return codes[static_cast<std::size_t>(reason)]; }

std::optional<Reason> reason_from_code(std::string_view code) {
  const auto found = std::find(codes.begin(), codes.end(), code);
  if (found == codes.end()) return std::nullopt;
  return static_cast<Reason>(found - codes.begin());
}

std::string_view confidence_name(Confidence confidence) {
  switch (confidence) {
    case Confidence::low:
      return "low";
    case Confidence::medium:
      return "medium";
    case Confidence::high:
      return "high";
  }
  return "low";
}

}  // namespace portcullis
