#include <algorithm>
#include <limits>

#include "content/content.h"
#include "content/schema.h"
#include "content/walker.h"

namespace portcullis {
namespace {

// A thread keeps its parsers, but not the memory that a large body needed.
constexpr std::size_t kept_parser_bytes_max = 1u << 20;

OrDenial<void> walk(Content& content, const Place& root, const ContentOptions& options) {
  if (content.body.size() > kept_parser_bytes_max) {
    JsonParsers parsers;
    return Walker(content, options, parsers).run(root);
  }
  thread_local JsonParsers parsers;
  return Walker(content, options, parsers).run(root);
}

}  // namespace

OrDenial<Content> extract(const EndpointMatch& endpoint, std::string body,
                          const ContentOptions& options) {
  Content content;
  content.body = std::move(body);
  if (!endpoint.model.empty()) content.models.push_back(endpoint.model);
  if (endpoint.endpoint->body == nullptr) {
    if (!content.body.empty()) {
      return deny(Reason::member_invalid, "this endpoint takes no body");
    }
    return content;
  }
  const std::size_t size = content.body.size();
  if (size > options.limits.decoded_bytes_max ||
      size > std::numeric_limits<std::uint32_t>::max() - simdjson::SIMDJSON_PADDING) {
    return deny(Reason::decoded_too_large, "the body is larger than content.decoded_bytes_max");
  }
  // The spare bytes are simdjson's; they also keep the text on the heap, where a move leaves it.
  content.body.reserve(size + simdjson::SIMDJSON_PADDING);
  content.texts.reserve(std::min<std::size_t>(16 + size / 64, 4096));
  auto walked = walk(content, *endpoint.endpoint->body, options);
  if (!walked) return tl::unexpected<Denial>(std::move(walked.error()));
  std::sort(
      content.forced.begin(), content.forced.end(),
      [](const Content::Edit& a, const Content::Edit& b) { return a.range.begin < b.range.begin; });
  return content;
}

std::string_view unscanned_advice(std::string_view what) {
  if (what == "token_ids") {
    return "Token ids cannot be read: send text (LangChain's OpenAIEmbeddings needs "
           "check_embedding_ctx_length=False).";
  }
  if (what == "provider_sealed") return "Encrypted reasoning cannot be read.";
  return "A part of the request cannot be read as text.";
}

}  // namespace portcullis
