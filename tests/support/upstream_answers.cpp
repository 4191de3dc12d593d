#include "support/upstream_answers.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace portcullis::upstream {
namespace {

using Json = nlohmann::json;

constexpr std::string_view said = "The recording upstream has your request.";
constexpr std::size_t huge_bytes = 80u << 20;

struct Asked {
  std::string model = "none";
  bool stream = false;
};

Asked read_body(const Request& request) {
  Asked asked;
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return asked;
  if (const auto model = body.find("model"); model != body.end() && model->is_string()) {
    asked.model = model->get<std::string>();
  }
  const auto stream = body.find("stream");
  asked.stream = stream != body.end() && stream->is_boolean() && stream->get<bool>();
  return asked;
}

std::string http(std::string_view status, std::string_view media_type, std::string_view body) {
  return std::string("HTTP/1.1 ")
      .append(status)
      .append("\r\nContent-Type: ")
      .append(media_type)
      .append("\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
}

Json chat_usage() { return {{"prompt_tokens", 9}, {"completion_tokens", 7}, {"total_tokens", 16}}; }
Json response_usage() { return {{"input_tokens", 9}, {"output_tokens", 7}, {"total_tokens", 16}}; }

Json response_object(const Asked& asked, std::string_view status) {
  const Json part = {{"type", "output_text"}, {"text", said}, {"annotations", Json::array()}};
  const Json message = {{"type", "message"},
                        {"id", "msg_1"},
                        {"status", "completed"},
                        {"role", "assistant"},
                        {"content", {part}}};
  return {{"id", "resp_1"},
          {"object", "response"},
          {"created_at", 1763800000},
          {"status", status},
          {"model", asked.model},
          {"output", status == "completed" ? Json::array({message}) : Json::array()},
          {"usage", response_usage()}};
}

Json chat_answer(const Asked& asked) {
  const Json choice = {{"index", 0},
                       {"message", {{"role", "assistant"}, {"content", said}}},
                       {"finish_reason", "stop"}};
  return {{"id", "chatcmpl-1"},   {"object", "chat.completion"}, {"created", 1763800000},
          {"model", asked.model}, {"choices", {choice}},         {"usage", chat_usage()}};
}
Json completion_answer(const Asked& asked) {
  const Json choice = {{"index", 0}, {"text", said}, {"finish_reason", "stop"}};
  return {{"id", "cmpl-1"},       {"object", "text_completion"}, {"created", 1763800000},
          {"model", asked.model}, {"choices", {choice}},         {"usage", chat_usage()}};
}
Json embedding_answer(const Asked& asked) {
  const Json row = {{"object", "embedding"}, {"index", 0}, {"embedding", {0.25, -0.5, 0.125}}};
  return {{"object", "list"},
          {"data", {row}},
          {"model", asked.model},
          {"usage", {{"prompt_tokens", 9}, {"total_tokens", 9}}}};
}
Json response_answer(const Asked& asked) { return response_object(asked, "completed"); }
Json models_answer(const Asked&) {
  Json data = Json::array();
  for (const auto* id : {"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"}) {
    data.push_back({{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "recording"}});
  }
  return {{"object", "list"}, {"data", data}};
}

std::vector<std::string> chat_events(const Asked& asked) {
  const auto chunk = [&asked](const Json& choices, const Json& usage) {
    Json event = {{"id", "chatcmpl-1"},
                  {"object", "chat.completion.chunk"},
                  {"created", 1763800000},
                  {"model", asked.model},
                  {"choices", choices}};
    if (!usage.is_null()) event["usage"] = usage;
    return "data: " + event.dump() + "\n\n";
  };
  const auto delta = [&chunk](const Json& content, const Json& finish) {
    return chunk({{{"index", 0}, {"delta", content}, {"finish_reason", finish}}}, nullptr);
  };
  return {delta({{"role", "assistant"}, {"content", ""}}, nullptr),
          delta({{"content", "The recording upstream "}}, nullptr),
          delta({{"content", "has your request."}}, nullptr),
          delta(Json::object(), "stop"),
          chunk(Json::array(), chat_usage()),
          "data: [DONE]\n\n"};
}

std::vector<std::string> response_events(const Asked& asked) {
  const auto event = [](const std::string& type, Json data) {
    data["type"] = type;
    return "event: " + type + "\ndata: " + data.dump() + "\n\n";
  };
  const Json delta = {{"item_id", "msg_1"}, {"output_index", 0}, {"content_index", 0}};
  Json first = delta;
  first["delta"] = "The recording upstream ";
  Json second = delta;
  second["delta"] = "has your request.";
  return {event("response.created", {{"response", response_object(asked, "in_progress")}}),
          event("response.output_text.delta", first), event("response.output_text.delta", second),
          event("response.completed", {{"response", response_object(asked, "completed")}})};
}

struct Endpoint {
  std::string_view path_end;
  Json (*answer)(const Asked&);
  std::vector<std::string> (*events)(const Asked&);  // nullptr: never streams
};
constexpr Endpoint endpoints[] = {
    {"/chat/completions", chat_answer, chat_events},
    {"/completions", completion_answer, chat_events},
    {"/responses", response_answer, response_events},
    {"/embeddings", embedding_answer, nullptr},
    {"/models", models_answer, nullptr},
};

const Endpoint* find_endpoint(std::string_view target) {
  const auto path = target.substr(0, target.find('?'));
  for (const auto& endpoint : endpoints) {
    if (path.ends_with(endpoint.path_end)) return &endpoint;
  }
  return nullptr;
}

std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return std::string(size).append(bytes).append("\r\n");
}

Answer stream(const std::vector<std::string>& events, const AnswerOptions& options) {
  Answer out;
  out.pieces.push_back({options.delay,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"});
  out.close = options.fault == Fault::close_mid_stream;
  const std::size_t count = out.close ? events.size() / 2 : events.size();
  for (std::size_t i = 0; i < count; ++i) out.pieces.push_back({options.gap, chunk(events[i])});
  if (!out.close) out.pieces.push_back({options.gap, "0\r\n\r\n"});
  return out;
}

std::string ok_bytes(const Endpoint& endpoint, const Asked& asked) {
  return http("200 OK", "application/json", endpoint.answer(asked).dump());
}

Answer plain(const Endpoint& endpoint, const Asked& asked, const AnswerOptions& options) {
  const auto one = [&options](std::string bytes, bool close) {
    return Answer{{{options.delay, std::move(bytes)}}, close};
  };
  switch (options.fault) {
    case Fault::none:
    case Fault::close_mid_stream:
      return one(ok_bytes(endpoint, asked), false);
    case Fault::close_before_answer:
      return one("", true);
    case Fault::close_mid_body: {
      const auto whole = ok_bytes(endpoint, asked);
      const auto body = whole.find("\r\n\r\n") + 4;
      return one(whole.substr(0, body + (whole.size() - body) / 2), true);
    }
    case Fault::garbage:
      return one("\x16\x03\x01 this is not HTTP\r\n\r\n", true);
    case Fault::redirect:
      return one(
          "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
          "Content-Length: 0\r\n\r\n",
          false);
    case Fault::slow_head:
      return one("HTTP/1.1 200 OK\r\n", false);
    case Fault::huge_answer: {
      Json body = endpoint.answer(asked);
      body["padding"] = std::string(huge_bytes, 'a');
      return one(http("200 OK", "application/json", body.dump()), false);
    }
  }
  return one("", true);
}

}  // namespace

std::optional<Fault> fault_from_name(std::string_view name) {
  constexpr std::pair<std::string_view, Fault> faults[] = {
      {"close_before_answer", Fault::close_before_answer},
      {"close_mid_body", Fault::close_mid_body},
      {"close_mid_stream", Fault::close_mid_stream},
      {"garbage", Fault::garbage},
      {"redirect", Fault::redirect},
      {"slow_head", Fault::slow_head},
      {"huge_answer", Fault::huge_answer},
  };
  for (const auto& [known, fault] : faults) {
    if (known == name) return fault;
  }
  return std::nullopt;
}

Answer answer(const Request& request, const AnswerOptions& options) {
  const auto* endpoint = find_endpoint(request.target);
  if (endpoint == nullptr) {
    const Json error = {
        {"error", {{"message", "unknown path"}, {"type", "invalid_request_error"}}}};
    return {{{options.delay, http("404 Not Found", "application/json", error.dump())}}, false};
  }
  const auto asked = read_body(request);
  constexpr std::array streamable = {Fault::none, Fault::close_mid_stream, Fault::huge_answer};
  const bool streams =
      std::find(streamable.begin(), streamable.end(), options.fault) != streamable.end();
  if (options.stream && asked.stream && endpoint->events != nullptr && streams) {
    if (options.fault != Fault::huge_answer) return stream(endpoint->events(asked), options);
    return stream({"data: " + std::string(huge_bytes, 'a') + "\n\n"}, options);
  }
  return plain(*endpoint, asked, options);
}

}  // namespace portcullis::upstream
