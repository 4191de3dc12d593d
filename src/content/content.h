// Content: what a request's body says, as texts with byte ranges; and how to change exactly those
// bytes.
//
// A Surface is data: which (method, path) pairs exist, which body members each knows, where
// redactable text stands. Everything not listed is denied. Everything that is forwarded becomes a
// Text.
//
// Thread-safety: surfaces are constants; Content belongs to one exchange. The simdjson parser is
// thread_local inside extract(). Lifetimes: Text::value and key view Content's own storage; moving
// a Content keeps them valid, copying is not possible. Errors: a Denial with a content reason,
// naming the limit and the configuration key that sets it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/types.h"

namespace portcullis {

enum class Action : std::uint8_t { chat, complete, embed, respond, list_models };
std::string_view action_name(Action action);

// One row of a surface: a method and a path, and what its body may hold. Defined in
// src/content/surfaces.
struct Endpoint;
struct EndpointMatch {
  const Endpoint* endpoint = nullptr;
  Action action = Action::chat;
  bool has_body = true;
  std::string model;  // the one that the path names (GET /v1/models/{model}); extract() lists it
};
// `surface` is "openai". `path` is percent-decoded only where allowed characters are; no query.
// Reason::path_unknown or method_not_allowed otherwise.
OrDenial<EndpointMatch> find_endpoint(std::string_view surface, std::string_view method,
                                      std::string_view path);
bool is_surface(std::string_view name);
// Header and query names (lower case) that this surface forwards; all others are dropped.
std::span<const std::string_view> forwarded_headers(std::string_view surface);
std::span<const std::string_view> forwarded_query(std::string_view surface);

struct ContentLimits {
  std::size_t body_bytes_max = 16u << 20;     // as received: limits.body_bytes_max
  std::size_t decoded_bytes_max = 32u << 20;  // after content decoding: content.decoded_bytes_max
  std::size_t decoded_ratio_max =
      200;                         // decoded / received, above 1 MiB: content.decoded_ratio_max
  int depth_max = 64;              // content.depth_max
  std::size_t texts_max = 200000;  // content.texts_max
};

struct ContentOptions {
  ContentLimits limits;
  std::vector<std::string> extra_members;  // JSON pointers that the route adds to the known ones
  bool scan_unknown_members = false;       // unknown_members: scan
};

// Undoes Content-Encoding (RFC 9110 section 8.4): identity, gzip, x-gzip, deflate, br, zstd, and
// lists of at most two of them. `content_encoding` is the header's value, empty if absent.
OrDenial<std::string> decode_body(std::string body, std::string_view content_encoding,
                                  const ContentLimits& limits);

struct Content {
  std::string body;  // decoded; Text::raw are ranges of it
  std::vector<Text> texts;
  std::vector<Unscanned> unscanned;  // token_ids, image, audio, file, provider_sealed
  std::vector<std::string> models;   // named anywhere, without duplicates, in order; at most 64
  bool stream = false;
  bool stream_usage = false;              // stream_options.include_usage
  std::vector<std::string> hosted_tools;  // types of tools that the provider would run
  std::vector<std::string> remote_hosts;  // hosts of URLs that the provider would fetch
  // What must change whatever the policy says, e.g. "store": false. Ordered by range, never
  // overlapping.
  struct Edit {
    ByteRange range;
    std::string replacement;
  };
  std::vector<Edit> forced;

  Content() = default;
  Content(Content&&) =
      default;  // a moved std::string of at least 32 bytes keeps its buffer: see extract()
  Content& operator=(Content&&) = default;
  Content(const Content&) = delete;
  Content& operator=(const Content&) = delete;

  std::deque<std::string> arena;  // unescaped values that are not verbatim in the body
};

// One sentence for a denial because of this kind of Unscanned: what the caller can do.
std::string_view unscanned_advice(std::string_view what);

// Reads the body for this endpoint. The body of a request without one is empty.
//
// Texts come in the order of the body: every string, every number and every member name that the
// surface does not spell itself (the names and enumerated strings of its own table have nothing to
// scan; nor have base64 media, encrypted reasoning and token ids, which are Unscanned; empty
// strings are left out). A string that is JSON by itself (tool-call arguments, say) is followed by
// the texts inside it, at most three levels deep; they map to the same bytes of the body, so a
// value is found in both, and either may be replaced. Joined texts (see Text::seams) follow what
// they join.
OrDenial<Content> extract(const EndpointMatch& endpoint, std::string body,
                          const ContentOptions& options);

// A replacement of a part of one text, in bytes of Text::value.
struct Replacement {
  std::uint32_t text = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string with;  // plain text; escaped as often as the text's escape_depth says
};

// The body to send: the original bytes with forced edits and replacements spliced in; nothing else
// changes. Replacements must be ordered by (text, begin) and not overlap within a text. Where two
// of them stand for the same bytes (a string and the JSON inside it), these are replaced once, by
// the longer one. Reason::unredactable if one lies in a text that is not redactable, cannot be
// mapped to raw bytes, or touches the structure of JSON inside a string.
OrDenial<std::string> splice(const Content& content, std::span<const Replacement> replacements);

// What an answer, or one event of a streamed answer, says of itself. Absent fields stay empty.
struct AnswerFacts {
  std::string model;
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
};
// Reads the members that the surface defines for it; anything unreadable leaves `facts` as it is.
void read_answer(std::string_view surface, std::string_view json, AnswerFacts& facts);

// The member "type" of one event; empty if it has none, or is no JSON object.
std::string event_type(std::string_view json);

}  // namespace portcullis
