// Bodies of every endpoint. The first byte chooses the endpoint and the options. What is accepted
// must be JSON to another reader, hold each text where its range says, and splice back to itself.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "content/content.h"
#include "content/json_text.h"

namespace {

using portcullis::Content;
using portcullis::Text;

constexpr std::string_view paths[] = {"/v1/chat/completions", "/v1/responses", "/v1/completions",
                                      "/v1/embeddings"};

void require(bool holds) {
  if (!holds) std::abort();
}

// Numbers beyond a double are JSON all the same.
bool is_json(const std::string& text) {
  try {
    return nlohmann::json::parse(text).is_object();
  } catch (const nlohmann::json::out_of_range&) {
    return true;
  } catch (const nlohmann::json::parse_error&) {
    return false;
  }
}

void check_range(const Content& content, const Text& text) {
  require(text.raw.begin <= text.raw.end && text.raw.end <= content.body.size());
  std::string value = content.body.substr(text.raw.begin, text.raw.end - text.raw.begin);
  for (int i = 0; i < text.escape_depth; ++i) {
    const auto next = portcullis::unescape_json(value);
    require(next.has_value());
    value = *next;
  }
  require(value == text.value);
}

void check_splice(const Content& content) {
  for (std::uint32_t i = 0; i < content.texts.size() && i < 64; ++i) {
    const auto size = static_cast<std::uint32_t>(content.texts[i].value.size());
    const portcullis::Replacement all{i, 0, size, "[\"X\"]"};
    const auto body = portcullis::splice(content, std::span(&all, 1));
    if (body) require(is_json(*body));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  portcullis::ContentOptions options;
  options.scan_unknown_members = (data[0] & 4) != 0;
  const auto endpoint = portcullis::find_endpoint("openai", "POST", paths[data[0] & 3]);
  require(endpoint.has_value());
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  portcullis::AnswerFacts facts;
  portcullis::read_answer("openai", body, facts);
  const auto content = portcullis::extract(*endpoint, body, options);
  if (!content) {
    require(content.error().reason != portcullis::Reason::internal);
    return 0;
  }
  require(is_json(body));
  for (const Text& text : content->texts) {
    if (text.kind != portcullis::TextKind::joined) check_range(*content, text);
  }
  const auto sent = portcullis::splice(*content, {});
  require(sent.has_value() && is_json(*sent));
  check_splice(*content);
  return 0;
}
