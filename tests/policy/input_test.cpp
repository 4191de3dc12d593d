// The recorded form of an input, and the strictness with which it is read back.
#include <gtest/gtest.h>

#include "policy/support.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

PolicyInput full_input() {
  PolicyInput in;
  in.subject = {SubjectKind::person,
                "ada",
                "https://id.example",
                "k\"1\n",
                Proof::profile,
                std::vector<std::string>{"a", "b\xC3\xA9"},
                "employee",
                -1,
                false,
                INT64_MAX};
  in.client = {"ui", "agent", "support"};
  in.request = {"chat", "openai", "/v1/x", "/v1/*", true, "caller", {"web"}, {"h.example"}};
  in.model = {"gpt", "m", "up", "eu", {"t"}};
  in.data = {{"us_ssn", {"npi", "pii"}, Confidence::low, UINT32_MAX, false}, {}};
  in.env.now = INT64_MIN;
  return in;
}

constexpr std::string_view full_json =
    R"({"subject":{"kind":"person","id":"ada","issuer":"https://id.example","key":"k\"1\n",)"
    R"("proof":"profile","groups":["a","b)"
    "\xC3\xA9"
    R"("],"employment":"employee","contract_end":-1,"guest":false,"auth_time":9223372036854775807},)"
    R"("client":{"id":"ui","kind":"agent","purpose":"support"},)"
    R"("request":{"action":"chat","surface":"openai","path":"/v1/x","route":"/v1/*","stream":true,)"
    R"("credential":"caller","hosted_tools":["web"],"remote_hosts":["h.example"]},)"
    R"("model":{"name":"gpt","entry":"m","upstream":"up","region":"eu","tags":["t"]},)"
    R"("data":[{"type":"us_ssn","classes":["npi","pii"],"confidence":"low","count":4294967295,)"
    R"("redactable":false},{"type":"","classes":[],"confidence":"high","count":1,)"
    R"("redactable":true}],"env":{"now":-9223372036854775808}})";

std::string written(const PolicyInput& input) {
  std::string out;
  append_json(out, input);
  return out;
}

TEST(PolicyInputJson, HasOneForm) { EXPECT_EQ(written(full_input()), full_json); }

TEST(PolicyInputJson, ReadsBackWhatItWrote) {
  const auto back = parse_policy_input(full_json);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(written(*back), full_json);
}

TEST(PolicyInputJson, UnknownIsLeftOutAndEmptyIsNot) {
  PolicyInput unknown, empty;
  empty.subject.groups.emplace();
  empty.client.id = "";
  EXPECT_EQ(written(unknown).find("groups"), std::string::npos);
  EXPECT_NE(written(empty).find(R"("groups":[])"), std::string::npos);
  const auto back_unknown = parse_policy_input(written(unknown));
  const auto back_empty = parse_policy_input(written(empty));
  ASSERT_TRUE(back_unknown && back_empty);
  EXPECT_FALSE(back_unknown->subject.groups.has_value());
  EXPECT_TRUE(back_empty->subject.groups.has_value());
  EXPECT_EQ(back_empty->client.id, "");
}

std::string changed(std::string_view from, std::string_view to) {
  std::string text(full_json);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(PolicyInputJson, AnythingElseIsRefused) {
  const std::pair<const char*, const char*> changes[] = {
      {R"("kind":"person")", R"("kind":"human")"},
      {R"("kind":"person")", R"("kind":1)"},
      {R"("kind":"person",)", ""},
      {R"("kind":"person",)", R"("kind":"service","kind":"person",)"},
      {R"("kind":"person",)", R"("kin":"person",)"},
      {R"("guest":false)", R"("guest":null)"},
      {R"("guest":false)", R"("guest":0)"},
      {R"("contract_end":-1)", R"("contract_end":-1.0)"},
      {R"("contract_end":-1)", R"("contract_end":"-1")"},
      {R"("auth_time":9223372036854775807)", R"("auth_time":9223372036854775808)"},
      {R"("groups":["a",)", R"("groups":[1,)"},
      {R"("count":4294967295)", R"("count":4294967296)"},
      {R"("count":4294967295)", R"("count":-1)"},
      {R"("stream":true,)", ""},
      {R"("confidence":"low")", R"("confidence":"none")"},
      {R"(,"env":{"now":-9223372036854775808})", ""},
      {R"("data":[{)", R"("data":[[],{)"},
      {R"("client":{)", R"("client":[],"x":{)"},
      {"\xC3\xA9", "\xC3"},
      {R"({"subject")", R"([{"subject")"},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_FALSE(parse_policy_input(changed(from, to))) << from << " -> " << to;
  }
  EXPECT_FALSE(parse_policy_input(""));
  EXPECT_FALSE(parse_policy_input(std::string(full_json) + "{}"));
  EXPECT_FALSE(parse_policy_input(std::string(full_json) + '\0'));
  EXPECT_FALSE(parse_policy_input(std::string(1 << 20, '[')));
}

TEST(IsRedacted, NeedsAClassAndAPlaceThatCanChange) {
  const std::vector<Obligation> redact = {{ObligationType::redact, {"npi", "phi"}}};
  EXPECT_TRUE(is_redacted({"us_ssn", {"npi", "pii"}, Confidence::low, 1, true}, redact));
  EXPECT_FALSE(is_redacted({"us_ssn", {"npi", "pii"}, Confidence::low, 1, false}, redact));
  EXPECT_FALSE(is_redacted({"us_ssn", {"pii"}, Confidence::low, 1, true}, redact));
  EXPECT_FALSE(is_redacted({"us_ssn", {"npi"}, Confidence::low, 1, true}, {}));
}

}  // namespace
}  // namespace portcullis
