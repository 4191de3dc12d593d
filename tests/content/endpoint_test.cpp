#include <gmock/gmock.h>

#include <algorithm>

#include "content/content.h"

namespace portcullis {
namespace {

TEST(FindEndpoint, TheSurface) {
  struct {
    std::string_view method, path, action;
    bool has_body;
    std::string_view model;
  } const rows[] = {
      {"POST", "/v1/chat/completions", "chat", true, ""},
      {"POST", "/v1/responses", "respond", true, ""},
      {"POST", "/v1/completions", "complete", true, ""},
      {"POST", "/v1/embeddings", "embed", true, ""},
      {"GET", "/v1/models", "list_models", false, ""},
      {"GET", "/v1/models/gpt-4o", "list_models", false, "gpt-4o"},
      {"GET", "/v1/models/ft%3agpt%2D4o:x@1", "list_models", false, "ft:gpt-4o:x@1"},
  };
  for (const auto& row : rows) {
    const auto match = find_endpoint("openai", row.method, row.path);
    ASSERT_TRUE(match) << row.path;
    EXPECT_EQ(action_name(match->action), row.action);
    EXPECT_EQ(match->has_body, row.has_body);
    EXPECT_EQ(match->model, row.model);
  }
}

TEST(FindEndpoint, EverythingElseIsRefused) {
  for (const std::string_view path : {"",
                                      "/",
                                      "/v1",
                                      "/v1/",
                                      "/v1/chat/completions/",
                                      "/V1/chat/completions",
                                      "/chat/completions",
                                      "/v1/chat%2fcompletions",
                                      "/v1/chat%2Fcompletions",
                                      "/v1/chat%5ccompletions",
                                      "/v1//chat/completions",
                                      "/v1/./chat/completions",
                                      "/v1/x/../chat/completions",
                                      "/v1/chat/completions;a=b",
                                      "/v1/chat/completion%73",
                                      "/v1/chat\\completions",
                                      "/v1/files",
                                      "/v1/batches",
                                      "/v1/threads",
                                      "/v1/assistants",
                                      "/v1/vector_stores",
                                      "/v1/responses/resp_1",
                                      "/v1/responses/resp_1/cancel",
                                      "/v1/conversations",
                                      "/v1/images/generations",
                                      "/v1/audio/transcriptions",
                                      "/v1/moderations",
                                      "/v1/realtime",
                                      "/v1/models/",
                                      "/v1/models/a/b",
                                      "/v1/models/a%2fb",
                                      "/v1/models/%2e%2e",
                                      "/v1/models/..",
                                      "/v1/models/.",
                                      "/v1/models/a%20b",
                                      "/v1/models/a%",
                                      "/v1/models/a%4",
                                      "/v1/models/a%zz",
                                      "/v1/models/a%252f",
                                      "/v1/models/a%00",
                                      "/v1/chat/completions?x",
                                      "/v1/chat/completions%00",
                                      "/v1/models/\xc3\xa9"}) {
    for (const std::string_view method : {"GET", "POST", "DELETE"}) {
      const auto match = find_endpoint("openai", method, path);
      ASSERT_FALSE(match) << path;
      EXPECT_EQ(match.error().reason, Reason::path_unknown) << path;
    }
  }
  EXPECT_FALSE(find_endpoint("openai", "GET", "/v1/models/" + std::string(300, 'a')));
  EXPECT_FALSE(find_endpoint("anthropic", "POST", "/v1/chat/completions"));
}

TEST(FindEndpoint, Methods) {
  for (const std::string_view method : {"GET", "PUT", "DELETE", "post", "PATCH", "HEAD", ""}) {
    const auto match = find_endpoint("openai", method, "/v1/responses");
    ASSERT_FALSE(match);
    EXPECT_EQ(match.error().reason, Reason::method_not_allowed);
  }
  EXPECT_EQ(find_endpoint("openai", "DELETE", "/v1/models/x").error().reason,
            Reason::method_not_allowed);
}

TEST(ForwardedHeaders, NoneSteersOrIdentifies) {
  const auto headers = forwarded_headers("openai");
  EXPECT_TRUE(std::is_sorted(headers.begin(), headers.end()));
  for (const std::string_view name :
       {"authorization", "cookie", "openai-organization", "openai-project", "openai-beta",
        "x-portkey-config", "x-portkey-provider", "helicone-target-url", "x-litellm-tags",
        "api-key", "x-api-key", "anthropic-beta", "host", "content-length", "content-encoding",
        "accept-encoding"}) {
    EXPECT_EQ(std::count(headers.begin(), headers.end(), name), 0) << name;
  }
  EXPECT_TRUE(forwarded_query("openai").empty());
  EXPECT_TRUE(forwarded_headers("other").empty());
  EXPECT_TRUE(is_surface("openai"));
  EXPECT_FALSE(is_surface(""));
}

}  // namespace
}  // namespace portcullis
