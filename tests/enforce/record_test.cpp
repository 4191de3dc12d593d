// The bytes of each kind of draft, member by member, in order.
#include "enforce/record.h"

#include "base/json_out.h"
#include "enforce/support.h"

namespace portcullis::test {
namespace {

std::string hex_of(const Digest& digest) {
  std::string out;
  append_hex(out, digest);
  return out;
}

// What depends on the classifier, the policy or the token is put in by name.
std::string filled(std::string text, const Inquiry& inquiry, const Ruling& ruling) {
  const std::pair<std::string, std::string> values[] = {
      {"$POLICY", hex_of(inquiry.snapshot->policy->digest())},
      {"$CLASSIFIER", hex_of(inquiry.snapshot->classifier->digest())},
      {"$TOKEN", inquiry.who ? hex_of(inquiry.who->token.digest) : ""},
      {"$RECEIVED", hex_of(ruling.received)},
      {"$FORWARDED", hex_of(ruling.forwarded)}};
  for (const auto& [name, value] : values) {
    const std::size_t at = text.find(name);
    if (at != text.npos) text.replace(at, name.size(), value);
  }
  std::erase(text, '\n');
  return text;
}

TEST(DraftDecision, OfAnAllowedRequestWithARedaction) {
  const Inquiry inquiry = admitted(Site());
  const Ruling ruling = judged(inquiry, chat_body("my ssn is 536-90-4399").dump());
  const Draft draft = draft_decision(inquiry, ruling);
  EXPECT_EQ(draft.type(), RecordType::decision);
  EXPECT_EQ(draft.effect(), Effect::allow);
  EXPECT_EQ(draft.members(), filled(R"("id":"01937b2a-0000-7000-8000-000000000001",
"input":{"subject":{"kind":"person","id":"alice","issuer":"https://id.example.com/realms/acme",
"key":"f81d4fae-7dec-11d0-a765-00a0c91e6bf6","proof":"directory","employment":"employee"},
"client":{"id":"chat"},
"request":{"action":"chat","surface":"openai","path":"/v1/chat/completions","route":"/v1/*",
"stream":false,"credential":"daemon","hosted_tools":[],"remote_hosts":[]},
"model":{"name":"gpt-4o","entry":"general","upstream":"near","region":"eu",
"tags":["zero_retention"]},
"data":[{"type":"us_ssn","classes":["pii"],"confidence":"high","count":1,"redactable":true}],
"env":{"now":1800000000}},
"policy":{"name":"site","sequence":7,"digest":"$POLICY"},
"decision":{"effect":"allow","reason":"none","rules":["permit-people","redact-identifiers"],
"obligations":[{"type":"redact","classes":["pci","pii"]}],"shadow":[]},
"evidence":{"source":"192.0.2.7",
"token":{"issuer":"https://id.example.com/realms/acme","kid":"e1","jti":"token-1",
"aud":["portcullis"],"exp":1800000300,"digest":"$TOKEN"},
"findings":[{"type":"us_ssn","class":"pii","confidence":"high","count":1,
"where":["/messages/0/content"]}],
"coverage":{"parts":4,"bytes":63,"unscanned":[]},
"classifier":"$CLASSIFIER",
"commit":{"received":"$RECEIVED","forwarded":"$FORWARDED"}})",
                                    inquiry, ruling));
}

TEST(DraftDecision, OfARefusalBeforeAnythingIsKnown) {
  const Inquiry inquiry = inquiry_of(Site());
  Scanner scanner(inquiry.snapshot->classifier);
  const Ruling ruling =
      refuse(inquiry, {Reason::token_missing, "no token", ""}, scanner, evidence_key());
  const Draft draft = draft_decision(inquiry, ruling);
  EXPECT_EQ(draft.effect(), Effect::deny);
  EXPECT_EQ(draft.members(), filled(R"("id":"01937b2a-0000-7000-8000-000000000001",
"input":{"subject":{"kind":"unresolved","id":"","issuer":"","key":"","proof":"none"},
"client":{},
"request":{"action":"","surface":"","path":"/v1/chat/completions","route":"",
"stream":false,"credential":"daemon","hosted_tools":[],"remote_hosts":[]},
"model":{"name":"","entry":"","upstream":"","tags":[]},
"data":[],"env":{"now":1800000000}},
"policy":{"name":"site","sequence":7,"digest":"$POLICY"},
"decision":{"effect":"deny","reason":"token_missing","rules":[],"obligations":[],"shadow":[]},
"evidence":{"source":"192.0.2.7","findings":[],
"coverage":{"parts":0,"bytes":0,"unscanned":[]},
"classifier":"$CLASSIFIER","commit":{}})",
                                    inquiry, ruling));
}

TEST(DraftDecision, AllButSixteenUnscannedPartsAreCounted) {
  const Inquiry inquiry = inquiry_of(Site());
  Ruling ruling;
  for (int i = 0; i < 20; ++i) ruling.unscanned.push_back({"image", "/" + std::to_string(i)});
  const json record = json::parse("{" + draft_decision(inquiry, ruling).members() + "}");
  const json& coverage = record["evidence"]["coverage"];
  EXPECT_EQ(coverage["unscanned"].size(), 16u);
  EXPECT_EQ(coverage["unscanned"][15], (json{{"where", "/15"}, {"why", "image"}}));
  EXPECT_EQ(coverage["more"], 4);
}

TEST(DraftOutcome, WithEverything) {
  Outcome outcome;
  outcome.upstream = "near";
  outcome.provider = {"azure", Provenance::header};
  outcome.model = {"gpt-4o", Provenance::body};
  outcome.status = 200;
  outcome.failure = Reason::upstream_timeout;
  outcome.input_tokens = 3;
  outcome.output_tokens = 4;
  outcome.bytes = 123;
  outcome.first_byte = std::chrono::microseconds(5);
  outcome.total = std::chrono::microseconds(6);
  outcome.client_aborted = true;
  outcome.cut_at = 7;
  outcome.returned = Digest{};
  const Draft draft = draft_outcome(decision_id, 42, outcome);
  EXPECT_EQ(draft.type(), RecordType::outcome);
  EXPECT_EQ(draft.members(),
            R"("id":"01937b2a-0000-7000-8000-000000000001","decision":42,"upstream":"near",)"
            R"("provider":{"value":"azure","from":"header"},"model":{"value":"gpt-4o",)"
            R"("from":"body"},"status":200,"failure":"upstream_timeout","attempts":1,)"
            R"("usage":{"input_tokens":3,"output_tokens":4},"bytes":123,"first_byte_us":5,)"
            R"("total_us":6,"client_aborted":true,"cut_at":7,"commit":{"returned":")" +
                std::string(64, '0') + R"("})");
}

TEST(DraftOutcome, WhatIsNotKnownIsLeftOut) {
  EXPECT_EQ(draft_outcome(decision_id, 1, Outcome{}).members(),
            R"("id":"01937b2a-0000-7000-8000-000000000001","decision":1,"upstream":"",)"
            R"("provider":{"from":"unknown"},"model":{"from":"unknown"},"status":0,"attempts":1,)"
            R"("bytes":0,"first_byte_us":0,"total_us":0)");
}

TEST(DraftChange, NamesWhatWhoAndDigest) {
  const std::string zeros(64, '0');
  EXPECT_EQ(draft_change({"policy", "site", {}}).members(),
            R"("what":"policy","name":"site","digest":")" + zeros + R"(","who":"unknown")");
  EXPECT_EQ(draft_change({"config", "", {}}).members(),
            R"("what":"config","digest":")" + zeros + R"(","who":"unknown")");
}

TEST(DraftShed, OneRowACauseAndSource) {
  EXPECT_EQ(draft_shed({}).members(), R"("rows":[])");
  EXPECT_EQ(draft_shed({{Reason::token_missing, "192.0.2.0/24", 3}, {Reason::overloaded, "o", 1}})
                .members(),
            R"("rows":[{"reason":"token_missing","source":"192.0.2.0/24","count":3},)"
            R"({"reason":"overloaded","source":"o","count":1}])");
}

}  // namespace
}  // namespace portcullis::test
