// judge() over the real classifier and a real policy: what may pass, in which form, and what not.
#include "enforce/support.h"

namespace portcullis::test {
namespace {

constexpr const char* ssn = "536-90-4399";
const std::string ssn_text = std::string("my social security number is ") + ssn;

void expect_denied(const Ruling& ruling, const std::string& code) {
  EXPECT_EQ(ruling.decision.effect, Effect::deny);
  EXPECT_EQ(reason_code(ruling.decision.reason), code) << ruling.decision.detail;
  EXPECT_TRUE(ruling.body.empty()) << "something to forward is left in a denial";
  EXPECT_EQ(ruling.forwarded, Digest{});
  EXPECT_EQ(ruling.decision.detail.find(ssn), std::string::npos);
}

TEST(Judge, AllowsAndForwardsTheVeryBytes) {
  const Inquiry inquiry = admitted(Site());
  const std::string body = R"( {"model" : "gpt-4o","messages":[{"role":"user","content":"hi"}]} )";
  const Ruling ruling = judged(inquiry, body);
  EXPECT_EQ(ruling.decision.effect, Effect::allow) << ruling.decision.detail;
  EXPECT_EQ(ruling.decision.reason, Reason::none);
  EXPECT_EQ(ruling.body, body);
  EXPECT_TRUE(ruling.was_body_read);
  EXPECT_EQ(ruling.received, hmac_sha256(evidence_key().commit_key(decision_id, "received"), body));
  EXPECT_EQ(ruling.forwarded,
            hmac_sha256(evidence_key().commit_key(decision_id, "forwarded"), body));
  EXPECT_EQ(ruling.input.model.entry, "general");
  EXPECT_EQ(ruling.input.model.region, "eu");
  EXPECT_EQ(ruling.upstream->name, "near");
  EXPECT_EQ(ruling.input.request.action, "chat");
  EXPECT_GT(ruling.texts, 0u);
}

TEST(Judge, TheModelsUpstreamComesBeforeTheRoutes) {
  const Inquiry inquiry = admitted(Site());  // keeps the snapshot that owns the upstream
  const Ruling ruling = judged(inquiry, chat_body("hi", "far-model").dump());
  EXPECT_EQ(ruling.decision.effect, Effect::allow) << ruling.decision.detail;
  EXPECT_EQ(ruling.upstream->name, "far");
  EXPECT_EQ(ruling.input.model.upstream, "far");
  EXPECT_EQ(ruling.input.model.region, "us");
}

TEST(Judge, AModelWithoutItsUpstreamIsRefused) {
  Site site;
  site.config.upstreams.pop_back();
  expect_denied(judged(admitted(site), chat_body("hi", "far-model").dump()), "policy_unavailable");
}

TEST(Judge, RedactsEverywhereInTheBody) {
  json body = chat_body(ssn_text);
  body["messages"].push_back({{"role", "assistant"}, {"content", "noted"}});
  body["messages"].push_back(
      {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "again: " + ssn_text}}}}});
  const Ruling ruling = judged(admitted(Site()), body.dump());
  ASSERT_EQ(ruling.decision.effect, Effect::allow) << ruling.decision.detail;
  EXPECT_EQ(ruling.body.find(ssn), std::string::npos) << ruling.body;
  const json sent = json::parse(ruling.body);
  EXPECT_EQ(sent["messages"][0]["content"], "my social security number is [US_SSN]");
  EXPECT_EQ(sent["messages"][2]["content"][0]["text"],
            "again: my social security number is [US_SSN]");
  EXPECT_EQ(sent["messages"][1], body["messages"][1]);
  EXPECT_NE(ruling.received, ruling.forwarded);
  ASSERT_EQ(ruling.decision.obligations.size(), 1u);
}

struct DenialRow {
  const char* what;
  json body;
  const char* code;
};

// A value that cannot be replaced in its place must stop the request, not pass with it.
std::vector<DenialRow> unredactable_rows() {
  json member_name = chat_body("hi");
  member_name["tools"] = {
      {{"type", "function"},
       {"function",
        {{"name", "f"},
         {"parameters",
          {{"type", "object"}, {"properties", {{ssn_text, {{"type", "string"}}}}}}}}}}};
  json number = chat_body("what is the card number?");
  number["logit_bias"] = {{"card number", 4111111111111111}};
  json seam = chat_body("");
  seam["messages"][0]["content"] = {
      {{"type", "text"}, {"text", "my social security number is 536-90"}},
      {{"type", "text"}, {"text", "-4399"}}};
  json label = chat_body("hi");
  label["user"] = ssn_text;
  json tool_name = chat_body("hi");
  tool_name["messages"][0]["name"] = "ssn " + std::string(ssn);
  return {{"in a member's name", member_name, "unredactable"},
          {"as a number", number, "unredactable"},
          {"across a seam", seam, "unredactable"},
          {"in a label", label, "unredactable"},
          {"in a name", tool_name, "unredactable"}};
}

TEST(Judge, WhatCannotBeRedactedIsDenied) {
  const Inquiry inquiry = admitted(Site());
  for (const DenialRow& row : unredactable_rows()) {
    SCOPED_TRACE(row.what);
    const Ruling ruling = judged(inquiry, row.body.dump());
    expect_denied(ruling, row.code);
    EXPECT_FALSE(ruling.input.data.empty());
  }
}

json parts_body(const std::vector<std::string>& texts) {
  json body = chat_body("");
  body["messages"][0]["content"] = json::array();
  for (const std::string& text : texts) {
    body["messages"][0]["content"].push_back({{"type", "text"}, {"text", text}});
  }
  return body;
}

json turns_body(const std::vector<std::string>& texts) {
  json body = chat_body(texts.front());
  for (std::size_t i = 1; i < texts.size(); ++i) {
    body["messages"].push_back({{"role", "user"}, {"content", texts[i]}});
  }
  return body;
}

json array_body(const json& array) {
  json body = chat_body("hi");
  body["logit_bias"] = {{"a", array}};
  return body;
}

TEST(Judge, ASplitValueIsSeenBesideOtherDigits) {
  const DenialRow rows[] = {
      {"parts", parts_body({"4111 1111 1111 ", "1111", "12/27"}), "unredactable"},
      {"messages", turns_body({"4111 1111", "1111 1111", "12/27"}), "unredactable"},
      {"strings", array_body({"4111", "1111", "1111", "1111", "12", "27"}), "unredactable"},
      {"numbers", array_body({4111, 1111, 1111, 1111, 12, 27}), "unredactable"},
      {"a number before", array_body({"7", "4111", "1111", "1111", "1111"}), "unredactable"},
      {"SSN", array_body({"536", "22", "8145"}), "unredactable"}};
  const Inquiry inquiry = admitted(Site());
  for (const DenialRow& row : rows) {
    SCOPED_TRACE(row.what);
    const Ruling ruling = judged(inquiry, row.body.dump());
    expect_denied(ruling, row.code);
    ASSERT_EQ(ruling.input.data.size(), 1u);
    EXPECT_EQ(ruling.input.data[0].count, 1u);
  }
}

TEST(Judge, WhatCannotBeRedactedStaysDeniedBesideWhatCan) {
  const Inquiry inquiry = admitted(Site());
  for (DenialRow& row : unredactable_rows()) {
    SCOPED_TRACE(row.what);
    row.body["messages"].push_back({{"role", "user"}, {"content", ssn_text}});
    expect_denied(judged(inquiry, row.body.dump()), row.code);
  }
}

TEST(Judge, ForwardedHeadersAreJudgedToo) {
  RequestHead head = chat_head();
  head.headers.push_back({"user-agent", ssn_text});
  expect_denied(judged(admitted(Site(), head), chat_body("hi").dump()), "unredactable");
}

TEST(Judge, HeadersThatAreDroppedDoNotMatter) {
  RequestHead head = chat_head();
  head.headers.push_back({"x-note", ssn_text});
  const Ruling ruling = judged(admitted(Site(), head), chat_body("hi").dump());
  EXPECT_EQ(ruling.decision.effect, Effect::allow) << ruling.decision.detail;
}

TEST(Judge, DenialsOfTheBody) {
  json two_models = chat_body("hi");
  json image = chat_body("hi");
  image["messages"][0]["content"] = {
      {{"type", "image_url"}, {"image_url", {{"url", "data:image/png;base64,AAAA"}}}}};
  json no_model = chat_body("hi");
  no_model.erase("model");
  json unknown_member = chat_body("hi");
  unknown_member["surprise"] = 1;
  json secret = chat_body("AWS key AKIAQYLPMN5HFIQR7XYA");
  const DenialRow rows[] = {
      {"unknown model", chat_body("hi", "gpt-unheard-of"), "unknown_model"},
      {"no model", no_model, "member_invalid"},
      {"unscanned", image, "data_not_covered"},
      {"unknown member", unknown_member, "unknown_member"},
      {"a secret", secret, "forbidden"},
  };
  const Inquiry inquiry = admitted(Site());
  for (const DenialRow& row : rows) {
    SCOPED_TRACE(row.what);
    expect_denied(judged(inquiry, row.body.dump()), row.code);
  }
  expect_denied(judged(inquiry, "{not json}"), "json_invalid");
  expect_denied(judged(inquiry, ""), "json_invalid");
  expect_denied(judged(inquiry, R"({"model":"gpt-4o","model":"far-model","messages":[]})"),
                "duplicate_member");
}

// Hosts are recorded as they are, so that a decision on them can be made again.
TEST(Judge, AHostThatMayNotBeRecordedIsRefused) {
  const std::string too_long(129, 'a');
  const std::pair<std::string, const char*> rows[] = {
      {"images.example.com", "data_not_covered"},  // the image itself: no rule covers it
      {"536-90-4399.example", "remote_host"},     {too_long, "remote_host"},
      {"192.0.2.7", "data_not_covered"},          {"[2001:db8::1]", "remote_host"},
  };
  for (const auto& [host, code] : rows) {
    json body = chat_body("hi");
    body["messages"][0]["content"] = {
        {{"type", "image_url"}, {"image_url", {{"url", "https://" + host + "/i.png"}}}}};
    SCOPED_TRACE(host);
    expect_denied(judged(admitted(Site()), body.dump()), code);
  }
}

// A rule that names a path or a client must meet what the caller wrote, never a digest of it.
TEST(Judge, PolicyNeverDecidesOnAStandIn) {
  const Site site;
  RequestHead head = chat_head();
  head.method = "GET";
  head.path = "/v1/models/gpt%2D4o";
  head.content_length = 0;
  const Ruling encoded = judged(admitted(site, head), "");
  EXPECT_EQ(reason_code(encoded.decision.reason), "path_unknown");
  Inquiry inquiry = admitted(site);
  inquiry.who->client.id = "not~plain";
  const Ruling ruling = judged(std::move(inquiry), chat_body("hi").dump());
  EXPECT_FALSE(ruling.input.client.id.has_value());
}

TEST(Judge, ListingModelsNeedsNoModel) {
  RequestHead head = chat_head();
  head.method = "GET";
  head.path = "/v1/models";
  head.content_length = 0;
  const Ruling ruling = judged(admitted(Site(), head), "");
  EXPECT_EQ(ruling.decision.effect, Effect::allow) << ruling.decision.detail;
  EXPECT_EQ(ruling.body, "");
  EXPECT_EQ(ruling.input.request.action, "list_models");
}

TEST(Judge, APersonIsNeededEvenHere) {
  Inquiry inquiry = admitted(Site());
  inquiry.who.reset();
  const Ruling ruling = judged(inquiry, chat_body("hi").dump());
  EXPECT_EQ(ruling.decision.effect, Effect::deny);
  EXPECT_TRUE(ruling.body.empty());
}

TEST(Refuse, KeepsWhatIsKnown) {
  Inquiry inquiry = inquiry_of(Site());
  Scanner scanner(inquiry.snapshot->classifier);
  const Denial denial{Reason::body_too_large, "too large", "/model"};
  const Ruling early = refuse(inquiry, denial, scanner, evidence_key());
  expect_denied(early, "body_too_large");
  EXPECT_EQ(early.pointer, "/model");
  EXPECT_FALSE(early.was_body_read);
  EXPECT_EQ(early.input.subject.kind, SubjectKind::unresolved);
  EXPECT_EQ(early.input.env.now, now);
  const Ruling late = refuse(admitted(Site()), denial, scanner, evidence_key());
  expect_denied(late, "body_too_large");
  EXPECT_EQ(late.input.subject.id, "alice");
  EXPECT_EQ(late.input.request.action, "chat");
  ASSERT_TRUE(late.token);
  EXPECT_EQ(late.token->token_id, "token-1");
}

}  // namespace
}  // namespace portcullis::test
