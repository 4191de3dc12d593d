#include "enforce/forwarded.h"

#include <algorithm>

#include "enforce/support.h"

namespace portcullis::test {
namespace {

Inquiry routed(RequestHead head) {
  Inquiry inquiry = inquiry_of(Site(), std::move(head));
  EXPECT_TRUE(find_route(inquiry));
  return inquiry;
}

std::vector<std::string> names_of(const std::vector<const Header*>& fields) {
  std::vector<std::string> names;
  for (const Header* field : fields) names.push_back(field->name);
  return names;
}

// What would choose another model, name another account, carry the caller's credential or frame the
// message differently: none of it may pass.
TEST(ForwardedFields, APositiveList) {
  constexpr const char* refused[] = {"authorization",
                                     "proxy-authorization",
                                     "cookie",
                                     "host",
                                     "content-length",
                                     "transfer-encoding",
                                     "connection",
                                     "te",
                                     "trailer",
                                     "upgrade",
                                     "expect",
                                     "content-encoding",
                                     "x-api-key",
                                     "api-key",
                                     "x-goog-api-key",
                                     "portcullis-identity",
                                     "x-portkey-config",
                                     "x-portkey-provider",
                                     "x-litellm-tags",
                                     "x-forwarded-for",
                                     "forwarded",
                                     "x-real-ip",
                                     "openai-organization",
                                     "openai-project",
                                     "openai-beta",
                                     "helicone-auth",
                                     "x-unknown",
                                     "origin",
                                     "accept-encoding",
                                     "x-http-method-override",
                                     "",
                                     "user-agent2"};
  RequestHead head = chat_head();
  head.headers.clear();
  for (const char* name : refused) head.headers.push_back({name, "v"});
  EXPECT_EQ(names_of(forwarded_fields(routed(head))), std::vector<std::string>{});
  head.headers.push_back({"user-agent", "sdk"});
  head.headers.push_back({"idempotency-key", "k"});
  EXPECT_EQ(names_of(forwarded_fields(routed(head))), (std::vector<std::string>{"user-agent"}));
}

TEST(ForwardedTarget, DropsTheQueryThatTheSurfaceDoesNotName) {
  constexpr const char* queries[] = {"", "api-version=1", "a=b&c=d", "&&&", "=x", "a", "model=x"};
  for (const char* query : queries) {
    RequestHead head = chat_head();
    head.query = query;
    EXPECT_EQ(forwarded_target(routed(head)), "/v1/chat/completions") << query;
  }
}

TEST(ForwardedTexts, WhatIsForwardedIsClassified) {
  RequestHead head = chat_head();
  head.path = "/v1/models/a%40b%2Ec%4";
  head.query = "q=dropped";
  head.headers = {{"user-agent", "agent value"},
                  {"x-unknown", "dropped"},
                  {"traceparent", "trace value"},
                  {"user-agent", "a second one"}};
  const Inquiry inquiry = routed(head);
  Content content;
  append_forwarded_texts(inquiry, content);
  struct Row {
    const char* pointer;
    const char* value;
    TextKind kind;
  };
  constexpr Row rows[] = {{"@path", "/v1/models/a@b.c%4", TextKind::path},
                          {"@header/user-agent", "agent value", TextKind::header},
                          {"@header/traceparent", "trace value", TextKind::header},
                          {"@header/user-agent", "a second one", TextKind::header}};
  ASSERT_EQ(content.texts.size(), std::size(rows));
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const Text& text = content.texts[i];
    EXPECT_EQ(text.pointer, rows[i].pointer);
    EXPECT_EQ(text.value, rows[i].value);
    EXPECT_EQ(text.kind, rows[i].kind);
    EXPECT_FALSE(text.redactable) << "nothing outside the body can be rewritten";
  }
}

// INVARIANT: every header that would be sent is among the texts that were classified.
TEST(ForwardedTexts, CoverEveryForwardedField) {
  RequestHead head = chat_head();
  head.headers.clear();
  for (const std::string_view name : forwarded_headers("openai")) {
    head.headers.push_back({std::string(name), "value of " + std::string(name)});
  }
  const Inquiry inquiry = routed(head);
  Content content;
  append_forwarded_texts(inquiry, content);
  const auto fields = forwarded_fields(inquiry);
  ASSERT_EQ(fields.size(), head.headers.size());
  for (const Header* field : fields) {
    EXPECT_TRUE(std::any_of(content.texts.begin(), content.texts.end(), [&](const Text& text) {
      return text.value == field->value;
    })) << field->name;
  }
}

}  // namespace
}  // namespace portcullis::test
