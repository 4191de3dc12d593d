#include <gtest/gtest.h>

#include <set>
#include <string>

#include "portcullis/types.h"

namespace portcullis {
namespace {

TEST(ReasonCode, IsUniqueWellFormedAndReversible) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string_view code = reason_code(reason);
    EXPECT_TRUE(seen.insert(code).second) << code;
    EXPECT_FALSE(code.empty());
    EXPECT_EQ(code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << code;
    EXPECT_EQ(reason_from_code(code), reason) << code;
  }
}

// One of each group: an enumerator that moves without its code shifts all behind it.
TEST(ReasonCode, BelongsToItsReason) {
  const std::pair<Reason, std::string_view> expected[] = {
      {Reason::none, "none"},
      {Reason::http_malformed, "http_malformed"},
      {Reason::token_missing, "token_missing"},
      {Reason::token_bound, "token_bound"},
      {Reason::directory_stale, "directory_stale"},
      {Reason::subject_is_service, "subject_is_service"},
      {Reason::path_unknown, "path_unknown"},
      {Reason::provider_state, "provider_state"},
      {Reason::unscanned, "unscanned"},
      {Reason::unknown_model, "unknown_model"},
      {Reason::not_permitted, "not_permitted"},
      {Reason::unredactable, "unredactable"},
      {Reason::audit_unavailable, "audit_unavailable"},
      {Reason::upstream_redirect, "upstream_redirect"},
      {Reason::internal, "internal"},
  };
  for (const auto& [reason, code] : expected) EXPECT_EQ(reason_code(reason), code);
}

TEST(ReasonCode, UnknownCodesHaveNoReason) {
  for (const std::string_view code : {"", "Internal", "internal ", "nonexistent"}) {
    EXPECT_EQ(reason_from_code(code), std::nullopt) << code;
  }
}

TEST(ConfidenceName, NamesEach) {
  EXPECT_EQ(confidence_name(Confidence::low), "low");
  EXPECT_EQ(confidence_name(Confidence::medium), "medium");
  EXPECT_EQ(confidence_name(Confidence::high), "high");
}

}  // namespace
}  // namespace portcullis
