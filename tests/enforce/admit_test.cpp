#include "enforce/admit.h"

#include "enforce/support.h"

namespace portcullis::test {
namespace {

RequestHead head_with(const std::string& name, const std::string& value) {
  RequestHead head = chat_head();
  std::erase_if(head.headers, [&](const Header& header) { return header.name == name; });
  head.headers.push_back({name, value});
  return head;
}

TEST(FindRoute, TheFirstThatMatchesDecides) {
  Site site;
  site.config.routes = {{.path = "/v1/models", .upstream = "far"},
                        {.path = "/v1/*", .upstream = "near"}};
  struct Row {
    const char* path;
    const char* upstream;  // nullptr: no route
  };
  constexpr Row rows[] = {{"/v1/models", "far"}, {"/v1/models/x", "near"}, {"/v1/", "near"},
                          {"/v1", nullptr},      {"/v10", nullptr},        {"/", nullptr},
                          {"", nullptr},         {"/V1/models", nullptr}};
  for (const Row& row : rows) {
    RequestHead head = chat_head();
    head.path = row.path;
    Inquiry inquiry = inquiry_of(site, head);
    const OrDenial<void> found = find_route(inquiry);
    ASSERT_EQ(found.has_value(), row.upstream != nullptr) << row.path;
    if (!found) {
      EXPECT_EQ(found.error().reason, Reason::path_unknown);
      EXPECT_EQ(inquiry.route, nullptr);
      EXPECT_EQ(inquiry.upstream, nullptr);
    } else {
      ASSERT_NE(inquiry.upstream, nullptr) << row.path;
      EXPECT_EQ(inquiry.upstream->name, row.upstream) << row.path;
    }
  }
}

TEST(FindToken, LooksOnlyInTheRoutesHeader) {
  struct Row {
    const char* identity_header;
    const char* sent_name;
    std::string sent;
    const char* code;
    std::string token;
  };
  const std::string long_token(16385, 'a');
  const Row rows[] = {
      {"Authorization", "authorization", "Bearer abc", "none", "abc"},
      {"Authorization", "authorization", "bEARER abc", "none", "abc"},
      {"Authorization", "authorization", "abc", "token_malformed", ""},
      {"Authorization", "authorization", "Basic abc", "token_malformed", ""},
      {"Authorization", "authorization", "Bearer", "token_malformed", ""},
      {"Authorization", "authorization", "Bearerabc", "token_malformed", ""},
      {"Authorization", "authorization", "Bearer\tabc", "token_malformed", ""},
      {"Authorization", "authorization", "", "token_missing", ""},
      {"Authorization", "x-api-key", "abc", "token_missing", ""},
      {"Authorization", "portcullis-identity", "abc", "token_missing", ""},
      {"x-api-key", "x-api-key", "abc", "none", "abc"},
      {"X-Api-Key", "x-api-key", "Bearer abc", "none", "abc"},
      {"x-api-key", "authorization", "Bearer abc", "token_missing", ""},
      {"Portcullis-Identity", "portcullis-identity", "abc", "none", "abc"},
      {"Authorization", "authorization", "Bearer " + long_token, "token_too_large", ""},
      {"Authorization", "authorization", "Bearer " + long_token.substr(1), "none",
       long_token.substr(1)},
  };
  for (const Row& row : rows) {
    Site site;
    site.config.routes.front().identity_header = row.identity_header;
    Inquiry inquiry = inquiry_of(site, head_with(row.sent_name, row.sent));
    ASSERT_TRUE(find_route(inquiry));
    const OrDenial<PresentedToken> token = find_token(inquiry);
    EXPECT_EQ(code_of(token), row.code) << row.sent_name << ": " << row.sent.substr(0, 30);
    if (token) EXPECT_EQ(token->text(), row.token);
  }
}

TEST(FindToken, TheDenialHoldsNothingOfTheToken) {
  for (const std::string value : {"Basic sentinel-secret", "sentinel-secret"}) {
    Inquiry inquiry = inquiry_of(Site(), head_with("authorization", value));
    ASSERT_TRUE(find_route(inquiry));
    const OrDenial<PresentedToken> token = find_token(inquiry);
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().detail.find("sentinel"), std::string::npos);
  }
}

TEST(Admit, MediaTypes) {
  struct Row {
    const char* type;
    const char* code;
  };
  constexpr Row rows[] = {
      {"application/json", "none"},
      {"Application/JSON", "none"},
      {"application/json; charset=utf-8", "none"},
      {"application/json ; charset=utf-8", "none"},
      {"application/json;charset=utf-8", "none"},
      {"", "media_type_unsupported"},
      {"text/plain", "media_type_unsupported"},
      {"application/jsonx", "media_type_unsupported"},
      {"application/json-seq", "media_type_unsupported"},
      {"application/vnd.api+json", "media_type_unsupported"},
      {"application/json,text/plain", "media_type_unsupported"},
      {";application/json", "media_type_unsupported"},
      {"multipart/form-data; boundary=application/json", "media_type_unsupported"}};
  for (const Row& row : rows) {
    Inquiry inquiry = inquiry_of(Site(), head_with("content-type", row.type));
    ASSERT_TRUE(find_route(inquiry));
    EXPECT_EQ(code_of(admit(inquiry)), row.code) << row.type;
  }
  RequestHead none = chat_head();
  none.headers.pop_back();
  Inquiry inquiry = inquiry_of(Site(), none);
  ASSERT_TRUE(find_route(inquiry));
  EXPECT_EQ(code_of(admit(inquiry)), "media_type_unsupported");
}

TEST(Admit, EndpointsAndBodies) {
  struct Row {
    const char* method;
    const char* path;
    std::uint64_t content_length;
    const char* code;
  };
  constexpr Row rows[] = {
      {"POST", "/v1/chat/completions", 10, "none"},
      {"GET", "/v1/models", 0, "none"},
      {"GET", "/v1/models/gpt-4o", 0, "none"},
      {"POST", "/v1/chat/completions", 0, "http_malformed"},
      {"GET", "/v1/models", 10, "http_malformed"},
      {"GET", "/v1/chat/completions", 0, "method_not_allowed"},
      {"DELETE", "/v1/models/gpt-4o", 0, "method_not_allowed"},
      {"POST", "/v1/files", 10, "path_unknown"},
      {"POST", "/v1/realtime", 10, "path_unknown"},
      {"POST", "/v1/chat/completions/", 10, "path_unknown"},
      {"POST", "/v1/chat//completions", 10, "path_unknown"},
      {"POST", "/v1/./chat/completions", 10, "path_unknown"},
      {"POST", "/v1/models/../chat/completions", 10, "path_unknown"},
      {"POST", "/v1/chat%2fcompletions", 10, "path_unknown"},
      {"POST", "/v1/chat/completions%00", 10, "path_unknown"},
      {"GET", "/v1/models/%2e%2e", 0, "path_unknown"},
      {"GET", "/v1/models/a%00b", 0, "path_unknown"},
      {"GET", "/v1/models/a%", 0, "path_unknown"},
      {"GET", "/v1/models/a%4", 0, "path_unknown"},
  };
  for (const Row& row : rows) {
    RequestHead head = chat_head();
    head.method = row.method;
    head.path = row.path;
    head.content_length = row.content_length;
    Inquiry inquiry = inquiry_of(Site(), head);
    ASSERT_TRUE(find_route(inquiry)) << row.path;
    EXPECT_EQ(code_of(admit(inquiry)), row.code) << row.method << " " << row.path;
  }
}

TEST(SourceNetwork, CountsNeighboursTogether) {
  struct Row {
    const char* address;
    const char* network;
  };
  constexpr Row rows[] = {{"192.0.2.7", "192.0.2.0/24"},
                          {"192.0.2.255", "192.0.2.0/24"},
                          {"192.0.3.7", "192.0.3.0/24"},
                          {"2001:db8:1:2::3", "2001:db8:1::/48"},
                          {"2001:db8:1:ffff:1::3", "2001:db8:1::/48"},
                          {"2001:db8:2::3", "2001:db8:2::/48"},
                          {"::1", "::/48"},
                          {"::ffff:192.0.2.7", "192.0.2.0/24"},
                          {"::ffff:198.51.100.7", "198.51.100.0/24"},
                          {"", "unknown"},
                          {"not an address", "unknown"},
                          {"192.0.2.7.1", "unknown"}};
  for (const Row& row : rows) EXPECT_EQ(source_network(row.address), row.network) << row.address;
}

}  // namespace
}  // namespace portcullis::test
