// Helpers of the content tests: extract one body, look for one text.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "content/content.h"

namespace portcullis::testing {

inline constexpr std::string_view chat_path = "/v1/chat/completions";
inline constexpr std::string_view responses_path = "/v1/responses";

inline OrDenial<Content> extract_at(std::string_view path, std::string_view body,
                                    const ContentOptions& options = {}) {
  const auto endpoint = find_endpoint("openai", "POST", path);
  if (!endpoint) return tl::unexpected<Denial>(endpoint.error());
  return extract(*endpoint, std::string(body), options);
}

// A chat body whose only message is from the user and has this content (JSON).
inline std::string chat_body(std::string_view content) {
  return R"({"model":"m","messages":[{"role":"user","content":)" + std::string(content) + "}]}";
}

inline std::string arguments_body(std::string_view json_string) {
  return R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function",)"
         R"("function":{"name":"f","arguments":)" +
         std::string(json_string) + "}}]}]}";
}

inline const Text* find_text(const Content& content, std::string_view value,
                             TextKind kind = TextKind::string) {
  for (const Text& text : content.texts) {
    if (text.value == value && text.kind == kind) return &text;
  }
  return nullptr;
}

inline std::vector<std::string> values_of(const Content& content, TextKind kind) {
  std::vector<std::string> values;
  for (const Text& text : content.texts) {
    if (text.kind == kind) values.emplace_back(text.value);
  }
  return values;
}

inline std::string raw_of(const Content& content, const Text& text) {
  return content.body.substr(text.raw.begin, text.raw.end - text.raw.begin);
}

inline std::uint32_t index_of(const Content& content, const Text* text) {
  return static_cast<std::uint32_t>(text - content.texts.data());
}

}  // namespace portcullis::testing
