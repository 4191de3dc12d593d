#include <simdjson.h>

#include <cstring>

#include "content/content.h"

namespace portcullis {
namespace {

namespace od = simdjson::ondemand;

constexpr std::size_t kept_bytes_max = 1u << 20;
constexpr std::size_t model_bytes_max = 256;

// simdjson reads beyond the end: the text is copied to where it may.
struct Scratch {
  od::parser parser;
  std::string text;
};

void read_count(od::value value, std::optional<std::int64_t>& out) {
  std::int64_t count = 0;
  if (!value.get_int64().get(count) && count >= 0) out = count;
}

bool read_usage(od::value value, AnswerFacts& facts) {
  od::object usage;
  if (value.get_object().get(usage)) return true;  // null until the last event
  for (auto item : usage) {
    od::field field;
    std::string_view key;
    if (std::move(item).get(field) || field.unescaped_key().get(key)) return false;
    if (key == "prompt_tokens" || key == "input_tokens") {
      read_count(field.value(), facts.input_tokens);
    } else if (key == "completion_tokens" || key == "output_tokens") {
      read_count(field.value(), facts.output_tokens);
    }
  }
  return true;
}

enum class Within : std::uint8_t { event, response };

bool read_object(od::object object, Within within, AnswerFacts& facts) {
  for (auto item : object) {
    od::field field;
    std::string_view key;
    if (std::move(item).get(field) || field.unescaped_key().get(key)) return false;
    std::string_view text;
    od::object response;
    if (key == "model") {
      if (!field.value().get_string().get(text) && text.size() <= model_bytes_max) {
        facts.model = text;
      }
    } else if (key == "usage") {
      if (!read_usage(field.value(), facts)) return false;
    } else if (key == "response" && within == Within::event) {
      if (field.value().get_object().get(response)) continue;
      if (!read_object(response, Within::response, facts)) return false;
    }
  }
  return true;
}

simdjson::simdjson_result<od::document> parse(std::string_view json, Scratch& scratch) {
  scratch.text.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  scratch.text.assign(json);
  return scratch.parser.iterate(scratch.text);
}

void read(std::string_view json, Scratch& scratch, AnswerFacts& facts) {
  od::document document;
  if (parse(json, scratch).get(document)) return;
  od::object root;
  if (document.get_object().get(root)) return;
  AnswerFacts found = facts;
  if (read_object(root, Within::event, found)) facts = std::move(found);
}

}  // namespace

void read_answer(std::string_view surface, std::string_view json, AnswerFacts& facts) {
  if (!is_surface(surface)) return;
  // Most events of a stream say nothing new.
  if (!facts.model.empty() && json.find("\"usage\"") == std::string_view::npos) return;
  if (json.size() > kept_bytes_max) {
    Scratch scratch;
    read(json, scratch, facts);
    return;
  }
  thread_local Scratch scratch;
  read(json, scratch, facts);
}

std::string event_type(std::string_view json) {
  Scratch scratch;
  od::document document;
  std::string_view type;
  if (parse(json, scratch).get(document)) return {};
  if (document["type"].get_string().get(type)) return {};
  return std::string(type);
}

}  // namespace portcullis
