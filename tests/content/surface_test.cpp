// Every member of every body: what passes and why what does not is refused.
#include "content/support.h"

#include <gmock/gmock.h>

namespace portcullis::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view completions_path = "/v1/completions";
constexpr std::string_view embeddings_path = "/v1/embeddings";

struct Case {
  std::string_view path;
  std::string_view members;  // added to the smallest body
  Reason reason = Reason::none;
  std::string_view pointer = "";
};

std::string with(const Case& row) {
  std::string_view base = R"("model":"m")";
  if (row.path == chat_path) base = R"("model":"m","messages":[])";
  return "{" + std::string(base) + (row.members.empty() ? "" : ",") + std::string(row.members) +
         "}";
}

void expect(const Case& row) {
  const std::string body = with(row);
  const auto content = extract_at(row.path, body);
  const Reason reason = content ? Reason::none : content.error().reason;
  EXPECT_EQ(reason_code(reason), reason_code(row.reason))
      << row.path << ' ' << body << ' ' << (content ? "" : content.error().detail);
  if (!content) EXPECT_EQ(content.error().pointer, row.pointer) << body;
}

TEST(Surface, ChatMembersPass) {
  for (const std::string_view members :
       {R"("stream":true)",
        R"("stream":null)",
        R"("stream_options":{"include_usage":true,"include_obfuscation":false})",
        R"("temperature":0.5,"top_p":1,"max_tokens":5,"max_completion_tokens":5,"n":2,"seed":-1)",
        R"("presence_penalty":0,"frequency_penalty":1e-2,"logprobs":true,"top_logprobs":3)",
        R"("stop":"x")",
        R"("stop":["x","y"])",
        R"("logit_bias":{"50256":-100})",
        R"("user":"u","safety_identifier":"s","prompt_cache_key":"k","service_tier":"auto")",
        R"("prompt_cache_retention":"24h","reasoning_effort":"low","verbosity":"high")",
        R"("metadata":{"a":"b"},"store":false,"modalities":["text"],"parallel_tool_calls":true)",
        R"("audio":{"voice":"alloy","format":"wav"})",
        R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,)"
        R"("description":"d","schema":{"type":"object","anything":[1,{"x":null}]}}})",
        R"("prediction":{"type":"content","content":[{"type":"text","text":"t"}]})",
        R"("tools":[{"type":"function","function":{"name":"f","description":"d","strict":null,)"
        R"("parameters":{"properties":{"free":{"type":"string"}}}}}])",
        R"("tools":[{"type":"custom","custom":{"name":"c","description":"d","format":)"
        R"({"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}])",
        R"("functions":[{"name":"f","description":"d","parameters":{"a":1}}])",
        R"("function_call":"auto")",
        R"("function_call":{"name":"f"})",
        R"("tool_choice":"none")",
        R"("tool_choice":{"type":"function","function":{"name":"f"}})",
        R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":)"
        R"([{"type":"function","function":{"name":"f"}}]}})",
        R"("web_search_options":null)"}) {
    expect({chat_path, members});
  }
}

TEST(Surface, ChatMembersRefused) {
  const Case rows[] = {
      {chat_path, R"("fallbacks":[{"model":"x"}])", Reason::unknown_member, "/*2"},
      {chat_path, R"("user_config":{})", Reason::unknown_member, "/*2"},
      {chat_path, R"("api_base":"http://evil")", Reason::unknown_member, "/*2"},
      {chat_path, R"("base_url":"http://evil")", Reason::unknown_member, "/*2"},
      {chat_path, R"("tags":["x"])", Reason::unknown_member, "/*2"},
      {chat_path, R"("Temperature":1)", Reason::unknown_member, "/*2"},
      {chat_path, R"("input":"x")", Reason::unknown_member, "/*2"},
      {chat_path, R"("stream":"true")", Reason::member_invalid, "/stream"},
      {chat_path, R"("stream":1)", Reason::member_invalid, "/stream"},
      {chat_path, R"("store":"false")", Reason::member_invalid, "/store"},
      {chat_path, R"("n":"2")", Reason::member_invalid, "/n"},
      {chat_path, R"("user":{"a":1})", Reason::member_invalid, "/user"},
      {chat_path, R"("metadata":{"tags":["a"]})", Reason::member_invalid, "/metadata/*0"},
      {chat_path, R"("web_search_options":{})", Reason::hosted_tool, "/web_search_options"},
      {chat_path, R"("tools":[{"type":"web_search"}])", Reason::hosted_tool, "/tools/0/type"},
      {chat_path, R"("tools":[{"function":{"name":"f"}}])", Reason::hosted_tool, "/tools/0"},
      {chat_path, R"("tools":[{"type":"function","custom":{"name":"f"}}])", Reason::unknown_member,
       "/tools/0"},
      {chat_path, R"("tools":[{"type":"function","function":{"nam":"f"}}])", Reason::unknown_member,
       "/tools/0/function/*0"},
      {chat_path, R"("tool_choice":{"type":"mcp"})", Reason::hosted_tool, "/tool_choice/type"},
      {chat_path, R"("audio":{"voice":{"id":"v"}})", Reason::member_invalid, "/audio/voice"},
      {chat_path, R"("stream_options":{"x":1})", Reason::unknown_member, "/stream_options/*0"},
      {chat_path, R"("previous_response_id":"r")", Reason::unknown_member, "/*2"},
  };
  for (const Case& row : rows) expect(row);
  EXPECT_EQ(extract_at(chat_path, R"({"model":1})").error().reason, Reason::member_invalid);
  EXPECT_EQ(extract_at(chat_path, R"({"model":null})").error().reason, Reason::member_invalid);
  EXPECT_EQ(extract_at(chat_path, R"({"messages":{}})").error().reason, Reason::member_invalid);
}

TEST(Surface, ChatMessages) {
  struct {
    std::string_view message;
    Reason reason;
    std::string_view pointer;
  } const rows[] = {
      {R"({"role":"system","content":"x","name":"n"})", Reason::none, ""},
      {R"({"role":"developer","content":[{"type":"text","text":"x"}]})", Reason::none, ""},
      {R"({"role":"assistant","content":null,"refusal":"no","annotations":[],"audio":null})",
       Reason::none, ""},
      {R"({"role":"assistant","content":[{"type":"refusal","refusal":"no"}]})", Reason::none, ""},
      {R"({"role":"tool","tool_call_id":"c","content":"x"})", Reason::none, ""},
      {R"({"role":"assistant","function_call":{"name":"f","arguments":"{}"}})", Reason::none, ""},
      {R"({"role":"assistant","tool_calls":[{"type":"custom","id":"c","custom":{"name":"n",)"
       R"("input":"i"}}]})",
       Reason::none, ""},
      {R"({"role":"root","content":"x"})", Reason::member_invalid, "/messages/0/role"},
      {R"({"role":"user","content":5})", Reason::member_invalid, "/messages/0/content"},
      {R"({"role":"user","content":["x"]})", Reason::member_invalid, "/messages/0/content/0"},
      {R"({"role":"user","content":[{"text":"x"}]})", Reason::member_invalid,
       "/messages/0/content/0"},
      {R"({"role":"user","content":[{"type":"video","text":"x"}]})", Reason::member_invalid,
       "/messages/0/content/0/type"},
      {R"({"role":"user","content":[{"type":"text","text":"x","cache_control":{}}]})",
       Reason::unknown_member, "/messages/0/content/0/*2"},
      {R"({"role":"user","content":[{"text":"x","image_url":{"url":"data:x"},"type":"text"}]})",
       Reason::unknown_member, "/messages/0/content/0"},
      {R"({"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]})",
       Reason::provider_state, "/messages/0/content/0/file/file_id"},
      {R"({"role":"assistant","audio":{"id":"a"}})", Reason::provider_state, "/messages/0/audio"},
      {R"({"role":"assistant","tool_calls":[{"type":"mcp","id":"c"}]})", Reason::hosted_tool,
       "/messages/0/tool_calls/0/type"},
      {R"({"role":"user","reasoning_content":"x"})", Reason::unknown_member, "/messages/0/*1"},
      {R"("x")", Reason::member_invalid, "/messages/0"},
  };
  for (const auto& row : rows) {
    const std::string body = R"({"model":"m","messages":[)" + std::string(row.message) + "]}";
    const auto content = extract_at(chat_path, body);
    EXPECT_EQ(reason_code(content ? Reason::none : content.error().reason), reason_code(row.reason))
        << body;
    if (!content) EXPECT_EQ(content.error().pointer, row.pointer) << body;
  }
}

TEST(Surface, Responses) {
  const Case rows[] = {
      {responses_path, R"("input":"x","instructions":"y")"},
      {responses_path, R"("max_output_tokens":1,"max_tool_calls":2,"truncation":"auto","top_p":1)"},
      {responses_path, R"("reasoning":{"effort":"low","summary":"auto","generate_summary":null})"},
      {responses_path, R"("text":{"verbosity":"low","format":{"type":"json_schema","name":"n",)"
                       R"("schema":{"free":1},"strict":true,"description":"d"}})"},
      {responses_path, R"("include":["reasoning.encrypted_content"],"stream":true,"user":"u")"},
      {responses_path, R"("tools":[{"type":"function","name":"f","parameters":{},"strict":true}])"},
      {responses_path, R"("tools":[{"type":"custom","name":"f","format":{"type":"grammar",)"
                       R"("syntax":"lark","definition":"d"}}])"},
      {responses_path, R"("tool_choice":{"type":"function","name":"f"})"},
      {responses_path, R"("context_management":[{"type":"compaction","compact_threshold":9}])"},
      {responses_path, R"("previous_response_id":null,"conversation":null,"prompt":null)"},
      {responses_path, R"("input":[{"role":"user","content":"x"},{"type":"message","role":)"
                       R"("assistant","id":"m","status":"completed","phase":"commentary",)"
                       R"("content":[{"type":"output_text","text":"t","annotations":[]}]}])"},
      {responses_path, R"("input":[{"type":"function_call","call_id":"c","name":"f","arguments":)"
                       R"("{}","id":"i","status":"completed"},{"type":"function_call_output",)"
                       R"("call_id":"c","output":"o"},{"type":"custom_tool_call_output",)"
                       R"("call_id":"c","output":[{"type":"input_text","text":"x"}]}])"},
      {responses_path, R"("messages":[])", Reason::unknown_member, "/*1"},
      {responses_path, R"("previous_response_id":"r")", Reason::provider_state,
       "/previous_response_id"},
      {responses_path, R"("conversation":"c")", Reason::provider_state, "/conversation"},
      {responses_path, R"("conversation":{"id":"c"})", Reason::provider_state, "/conversation"},
      {responses_path, R"("prompt":{"id":"p"})", Reason::provider_state, "/prompt"},
      {responses_path, R"("input":[{"type":"item_reference","id":"i"}])", Reason::provider_state,
       "/input/0/type"},
      {responses_path, R"("input":[{"id":"i"}])", Reason::provider_state, "/input/0"},
      {responses_path, R"("input":[{"type":null,"id":"i"}])", Reason::member_invalid,
       "/input/0/type"},
      {responses_path, R"("input":[{"type":"web_search_call","id":"i"}])", Reason::hosted_tool,
       "/input/0/type"},
      {responses_path, R"("input":[{"type":"mcp_approval_response"}])", Reason::hosted_tool,
       "/input/0/type"},
      {responses_path,
       R"("input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}])",
       Reason::provider_state, "/input/0/content/0/file_id"},
      {responses_path,
       R"("input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}])",
       Reason::provider_state, "/input/0/content/0/file_id"},
      {responses_path, R"("input":[{"role":"user","content":"x","encrypted_content":"e"}])",
       Reason::unknown_member, "/input/0"},
      {responses_path,
       R"("input":[{"type":"reasoning","content":[{"type":"reasoning_text","text":)"
       R"("t","encrypted_content":"e"}]}])",
       Reason::unknown_member, "/input/0/content/0/*2"},
      {responses_path, R"("tools":[{"type":"web_search_preview"}])", Reason::hosted_tool,
       "/tools/0/type"},
      {responses_path, R"("tools":[{"type":"file_search","vector_store_ids":["v"]}])",
       Reason::hosted_tool, "/tools/0/type"},
      {responses_path, R"("tools":[{"type":"mcp","server_url":"https://x"}])", Reason::hosted_tool,
       "/tools/0/type"},
      {responses_path, R"("tools":[{"type":"code_interpreter","container":"c"}])",
       Reason::hosted_tool, "/tools/0/type"},
      {responses_path, R"("tools":[{"type":"function","name":"f","server_url":"https://x"}])",
       Reason::unknown_member, "/tools/0/*2"},
      {responses_path, R"("tool_choice":{"type":"file_search"})", Reason::hosted_tool,
       "/tool_choice/type"},
      {responses_path, R"("background":"yes")", Reason::member_invalid, "/background"},
  };
  for (const Case& row : rows) expect(row);
}

TEST(Surface, CompletionsAndEmbeddings) {
  const Case rows[] = {
      {completions_path, R"("prompt":"x","suffix":"y","best_of":1,"echo":true,"logprobs":3)"},
      {completions_path, R"("prompt":["x","y"],"stop":null,"logit_bias":{},"stream":false)"},
      {completions_path, R"("messages":[])", Reason::unknown_member, "/*1"},
      {completions_path, R"("store":true)", Reason::unknown_member, "/*1"},
      {completions_path, R"("prompt":{"id":"x"})", Reason::member_invalid, "/prompt"},
      {embeddings_path, R"("input":"x","dimensions":3,"encoding_format":"float","user":"u")"},
      {embeddings_path, R"("input":["x","y"])"},
      {embeddings_path, R"("input":[{"image":"x"}])", Reason::member_invalid, "/input/0"},
      {embeddings_path, R"("stream":true)", Reason::unknown_member, "/*1"},
  };
  for (const Case& row : rows) expect(row);
}

TEST(Surface, TokenIdsAreUnscannedOncePerList) {
  auto content = extract_at(embeddings_path, R"({"model":"m","input":[1,2,3]})");
  ASSERT_TRUE(content);
  ASSERT_EQ(content->unscanned.size(), 1u);
  EXPECT_EQ(content->unscanned[0].what, "token_ids");
  EXPECT_EQ(content->unscanned[0].pointer, "/input");
  EXPECT_NE(unscanned_advice("token_ids").find("check_embedding_ctx_length=False"),
            std::string_view::npos);
  content = extract_at(completions_path, R"({"model":"m","prompt":[[1,2],[3]]})");
  ASSERT_TRUE(content);
  ASSERT_EQ(content->unscanned.size(), 2u);
  EXPECT_EQ(content->unscanned[1].pointer, "/prompt/1");
}

TEST(Surface, MediaIsUnscannedAndItsHostsAreListed) {
  const auto content = extract_at(chat_path, chat_body(R"([
    {"type":"image_url","image_url":{"url":"https://Img.Example.:443/a?ssn=1","detail":"low"}},
    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
    {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},
    {"type":"file","file":{"file_data":"AAAA","filename":"jane.pdf"}}])"));
  ASSERT_TRUE(content) << content.error().detail;
  std::vector<std::string> kinds;
  for (const Unscanned& part : content->unscanned) kinds.push_back(part.what + part.pointer);
  EXPECT_THAT(kinds, ElementsAre("image/messages/0/content/0/image_url/url",
                                 "image/messages/0/content/1/image_url/url",
                                 "audio/messages/0/content/2/input_audio/data",
                                 "file/messages/0/content/3/file/file_data"));
  EXPECT_THAT(content->remote_hosts, ElementsAre("img.example"));
  EXPECT_NE(find_text(*content, "https://Img.Example.:443/a?ssn=1"), nullptr);
  EXPECT_NE(find_text(*content, "jane.pdf"), nullptr);
  EXPECT_EQ(find_text(*content, "AAAA"), nullptr);
}

TEST(Surface, UrlsWithoutAPlainHostAreRefused) {
  for (const std::string_view url :
       {"gs://b/o", "file:///etc", "https://", "https://a@b/", "//x"}) {
    const auto content = extract_at(
        chat_path,
        chat_body(R"([{"type":"image_url","image_url":{"url":")" + std::string(url) + R"("}}])"));
    ASSERT_FALSE(content) << url;
    EXPECT_EQ(content.error().reason, Reason::remote_host) << url;
  }
}

TEST(Surface, ResponsesMediaAndSealedReasoning) {
  const auto content = extract_at(responses_path, R"({"model":"m","store":false,"input":[
    {"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"s"}],
     "encrypted_content":"gAAA"},
    {"type":"compaction","encrypted_content":"gBBB"},
    {"role":"user","content":[{"type":"input_image","image_url":"https://i.example/x"},
     {"type":"input_file","file_url":"http://f.example/y","filename":"n"}]}]})");
  ASSERT_TRUE(content) << content.error().detail << content.error().pointer;
  std::vector<std::string> kinds;
  for (const Unscanned& part : content->unscanned) kinds.push_back(part.what + part.pointer);
  EXPECT_THAT(kinds,
              ElementsAre("provider_sealed/input/0/encrypted_content",
                          "provider_sealed/input/1/encrypted_content",
                          "image/input/2/content/0/image_url", "file/input/2/content/1/file_url"));
  EXPECT_THAT(content->remote_hosts, ElementsAre("i.example", "f.example"));
  EXPECT_EQ(find_text(*content, "gAAA"), nullptr);
  EXPECT_THAT(content->forced, IsEmpty());
}

TEST(Surface, ExtraMembersPassByPointerAndAreScanned) {
  ContentOptions options;
  options.extra_members = {"/fallbacks", "/messages/*/reasoning_content"};
  const auto content = extract_at(chat_path,
                                  R"({"model":"a","fallbacks":[{"model":"b","x":"123"}],)"
                                  R"("messages":[{"role":"assistant","reasoning_content":"r"}]})",
                                  options);
  ASSERT_TRUE(content) << content.error().detail;
  EXPECT_THAT(content->models, ElementsAre("a", "b", "x", "123"));
  EXPECT_THAT(values_of(*content, TextKind::member_name),
              ElementsAre("fallbacks", "model", "x", "reasoning_content"));
  const Text* extra = find_text(*content, "r");
  ASSERT_NE(extra, nullptr);
  EXPECT_FALSE(extra->redactable);
  EXPECT_EQ(extra->pointer, "/messages/0/*1");
  EXPECT_FALSE(extract_at(chat_path, R"({"model":"a","api_base":"x"})", options));
  EXPECT_FALSE(extract_at(chat_path, R"({"model":"a","reasoning_content":"x"})", options));
}

TEST(Surface, ModelsAreReadFromEveryFormOfAFallback) {
  struct Row {
    std::string_view extra;
    std::vector<std::string> models;
  };
  const Row rows[] = {{R"("fallbacks":["b","a"])", {"a", "b"}},
                      {R"("fallbacks":[{"a":["b"]},{"c":"d"}])", {"a", "b", "c", "d"}},
                      {R"("fallbacks":[{"model":"a"}])", {"a"}},
                      {R"("fallbacks":"[{\"a\":[\"b\"]}]")", {"a", "[{\"a\":[\"b\"]}]", "b"}},
                      {R"("context_Fallback_list":["b"])", {"a", "b"}},
                      {R"("other":{"fallback_models":["b"],"n":"c"})", {"a", "b"}},
                      {R"("other":{"n":"c"})", {"a"}},
                      {R"("metadata":{"fallbacks":"b","model":"c"})", {"a"}}};
  ContentOptions options;
  options.scan_unknown_members = true;
  for (const Row& row : rows) {
    const std::string body = R"({"model":"a",)" + std::string(row.extra) + "}";
    const auto content = extract_at(chat_path, body, options);
    ASSERT_TRUE(content) << body << content.error().detail;
    EXPECT_EQ(content->models, row.models) << body;
  }
}

TEST(Surface, OfManyModelsEnoughAreKeptToRefuseThem) {
  ContentOptions options;
  options.extra_members = {"/models", "/other"};
  std::string list = "\"0\"";
  std::string inner = R"({\"model\":\"0\"})";
  for (int i = 1; i < 100; ++i) {
    list += ",\"" + std::to_string(i) + "\"";
    inner += R"(,{\"model\":\")" + std::to_string(i) + R"(\"})";
  }
  for (const std::string& extra :
       {R"("models":[)" + list + "]", R"("other":"[)" + inner + R"(]")"}) {
    const auto content = extract_at(chat_path, R"({"model":"a",)" + extra + "}", options);
    ASSERT_TRUE(content) << content.error().detail;
    EXPECT_EQ(content->models.size(), 64u) << extra;
  }
}

TEST(Surface, ScanningUnknownMembersNeverPassesAnotherSpellingOfAKnownOne) {
  ContentOptions options;
  options.scan_unknown_members = true;
  EXPECT_TRUE(extract_at(chat_path, R"({"model":"a","anything":{"b":[1]}})", options));
  for (const std::string_view name :
       {"Model", "STREAM", "\\u017ftream", "web_search_option\\u017f"}) {
    const std::string body = R"({")" + std::string(name) + R"(":"x"})";
    const auto content = extract_at(chat_path, body, options);
    ASSERT_FALSE(content) << body;
    EXPECT_EQ(content.error().reason, Reason::unknown_member);
  }
}

}  // namespace
}  // namespace portcullis::testing
