#include "net/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace portcullis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Answer {
  std::string head;  // with the empty line
  nlohmann::json body;
  std::size_t body_bytes = 0;
};

Answer rendered(const Denial& denial, const ReplyContext& context = {}) {
  const std::string text = render_denial(denial, context);
  const std::size_t end = text.find("\r\n\r\n") + 4;
  return {text.substr(0, end), nlohmann::json::parse(text.substr(end)), text.size() - end};
}

std::vector<Reason> all_reasons() {
  std::vector<Reason> out;
  for (std::size_t i = 1; i < reason_count; ++i) out.push_back(static_cast<Reason>(i));
  return out;
}

TEST(Status, EveryReasonHasOneOfItsOwnKind) {
  const std::set<unsigned> known = {400, 401, 403, 404, 405, 408, 411, 413,
                                    415, 417, 429, 431, 500, 502, 503, 504};
  for (const Reason reason : all_reasons()) {
    EXPECT_TRUE(known.contains(status_of(reason))) << reason_code(reason);
    EXPECT_NE(status_text(status_of(reason)), "Status") << reason_code(reason);
  }
}

// What SDKs act on; a released status never changes.
TEST(Status, IsAsDocumented) {
  using enum Reason;
  const std::map<unsigned, std::vector<Reason>> expected = {
      {400,
       {http_malformed, token_ambiguous, encoding_invalid, json_invalid, utf8_invalid,
        nesting_too_deep, duplicate_member, unknown_member, member_invalid}},
      {401,
       {token_missing, token_malformed, token_too_large, token_issuer_unknown, token_algorithm,
        token_key_unknown, token_signature, token_type, token_expired, token_not_yet_valid,
        token_lifetime, token_audience, token_client, token_bound}},
      {403,
       {upgrade_refused, cors_refused, subject_unresolved, subject_inactive, subject_is_service,
        provider_state, hosted_tool, remote_host, unscanned, unknown_model, forbidden,
        indeterminate, not_permitted, data_not_covered, obligation_conflict, unredactable,
        record_too_large}},
      {404, {path_unknown}},
      {405, {method_not_allowed}},
      {408, {deadline}},
      {411, {length_required}},
      {413, {body_too_large, decoded_too_large, too_many_texts}},
      {415, {encoding_unsupported, media_type_unsupported}},
      {417, {expectation_failed}},
      {429, {token_rate}},
      {431, {header_too_large}},
      {500, {internal}},
      {502, {upstream_unreachable, upstream_invalid, upstream_redirect, upstream_too_large}},
      {503,
       {issuer_unavailable, directory_stale, classifier_failed, policy_unavailable,
        audit_unavailable, overloaded, draining}},
      {504, {upstream_timeout}}};
  std::size_t listed = 0;
  for (const auto& [status, reasons] : expected) {
    listed += reasons.size();
    for (const Reason reason : reasons) EXPECT_EQ(status_of(reason), status) << reason_code(reason);
  }
  EXPECT_EQ(listed, reason_count - 1) << "a reason is missing in this table";
}

TEST(RenderDenial, IsOneWholeAnswerInTheSurfacesShape) {
  for (const Reason reason : all_reasons()) {
    const Answer answer = rendered({reason, "why \"so\"\n", ""});
    EXPECT_THAT(answer.head, HasSubstr("HTTP/1.1 " + std::to_string(status_of(reason)) + " " +
                                       std::string(status_text(status_of(reason))) + "\r\n"));
    EXPECT_THAT(answer.head,
                HasSubstr("\r\nContent-Length: " + std::to_string(answer.body_bytes) + "\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: application/json\r\n"));
    EXPECT_THAT(answer.head, HasSubstr("\r\nCache-Control: no-store\r\n"));
    ASSERT_EQ(answer.body.size(), 1u);
    const nlohmann::json& error = answer.body.at("error");
    EXPECT_EQ(error.size(), 4u);
    EXPECT_EQ(error.at("message"), "Portcullis: why \"so\"\n");
    EXPECT_EQ(error.at("code"), reason_code(reason));
    EXPECT_TRUE(error.at("param").is_null());
    EXPECT_TRUE(error.at("type").is_string());
    EXPECT_FALSE(error.at("type").get<std::string>().empty()) << reason_code(reason);
  }
}

TEST(RenderDenial, NamesThePlaceInTheBody) {
  EXPECT_EQ(rendered({Reason::unredactable, "x", "/messages/0"}).body["error"]["param"],
            "/messages/0");
}

TEST(RenderDenial, OnlyWhatMayPassIsWorthARetry) {
  for (const Reason reason : all_reasons()) {
    const unsigned status = status_of(reason);
    const bool may_pass = status >= 500 || status == 408 || status == 429;
    const std::string head = rendered({reason, "x", ""}).head;
    EXPECT_EQ(head.find("x-should-retry: false\r\n") == std::string::npos, may_pass)
        << reason_code(reason);
  }
}

TEST(RenderDenial, ChallengesWhereATokenIsWanted) {
  struct Row {
    Reason reason;
    const char* metadata;
    const char* line;
  };
  constexpr Row rows[] = {
      {Reason::token_missing, "", "WWW-Authenticate: Bearer\r\n"},
      {Reason::token_missing, "https://p/m",
       "WWW-Authenticate: Bearer resource_metadata=\"https://p/m\"\r\n"},
      {Reason::token_expired, "", "WWW-Authenticate: Bearer error=\"invalid_token\"\r\n"},
      {Reason::token_expired, "https://p/m",
       "WWW-Authenticate: Bearer error=\"invalid_token\", "
       "resource_metadata=\"https://p/m\"\r\n"}};
  for (const Row& row : rows) {
    EXPECT_THAT(rendered({row.reason, "x", ""}, {.resource_metadata = row.metadata}).head,
                HasSubstr(row.line));
  }
  for (const Reason reason : all_reasons()) {
    EXPECT_EQ(rendered({reason, "x", ""}).head.find("WWW-Authenticate") != std::string::npos,
              status_of(reason) == 401)
        << reason_code(reason);
  }
}

TEST(RenderDenial, CarriesWhatTheCallerNeedsToAskAboutIt) {
  const std::string bare = rendered({Reason::forbidden, "x", ""}).head;
  EXPECT_THAT(bare, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(bare, Not(HasSubstr("Portcullis-")));
  EXPECT_THAT(bare, Not(HasSubstr("Access-Control")));
  const ReplyContext context{.decision_id = "id-1",
                             .receipt = Receipt{},
                             .keep_alive = true,
                             .cors_origin = "https://app.example"};
  const std::string full = rendered({Reason::forbidden, "x", ""}, context).head;
  EXPECT_THAT(full, HasSubstr("\r\nPortcullis-Decision: id-1\r\n"));
  EXPECT_THAT(full, HasSubstr("\r\nPortcullis-Receipt: " + Receipt{}.text() + "\r\n"));
  EXPECT_THAT(full, HasSubstr("\r\nAccess-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_THAT(full, HasSubstr("\r\nVary: Origin\r\n"));
  EXPECT_THAT(full, Not(HasSubstr("Connection: close")));
}

TEST(RenderStreamError, IsOneEvent) {
  const std::string event = render_stream_error({Reason::upstream_timeout, "two\nlines", ""});
  ASSERT_TRUE(event.starts_with("data: "));
  ASSERT_TRUE(event.ends_with("\n\n"));
  const std::string data = event.substr(6, event.size() - 8);
  EXPECT_EQ(data.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(data)["error"]["code"], "upstream_timeout");
}

TEST(RenderPreflight, NamesTheOriginAndNoMoreThanIsNeeded) {
  const std::string answer = render_preflight("https://app.example");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 No Content\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_THAT(answer, HasSubstr("Access-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_THAT(answer, HasSubstr("Access-Control-Allow-Methods: GET, POST\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("Allow-Credentials")));
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
}

}  // namespace
}  // namespace portcullis
