#include "cli/demo_hosts.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace portcullis::cli {
namespace {

using Json = nlohmann::json;

DemoAnswer stream(const std::string& said, const std::string& model) {
  std::string events;
  for (std::size_t at = 0; at < said.size(); at += 12) {
    const Json choice = {{"index", 0}, {"delta", {{"content", said.substr(at, 12)}}}};
    const Json chunk = {
        {"object", "chat.completion.chunk"}, {"model", model}, {"choices", Json::array({choice})}};
    events += "data: " + chunk.dump() + "\n\n";
  }
  return {"text/event-stream", events + "data: [DONE]\n\n"};
}

DemoAnswer completion(const std::string& said, const std::string& model) {
  const Json message = {{"role", "assistant"}, {"content", said}};
  const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
  const Json usage = {{"prompt_tokens", 12}, {"completion_tokens", 9}, {"total_tokens", 21}};
  const Json whole = {{"id", "demo"},
                      {"object", "chat.completion"},
                      {"model", model},
                      {"choices", Json::array({choice})},
                      {"usage", usage}};
  return {"application/json", whole.dump()};
}

}  // namespace

DemoAnswer answer_as_issuer(const RequestHead& head, const std::string& issuer,
                            const JwsSigningKey& key) {
  if (head.path == "/jwks") return {"application/json", "{\"keys\":[" + key.public_jwk() + "]}"};
  const Json document = {{"issuer", issuer}, {"jwks_uri", issuer + "/jwks"}};
  return {"application/json", document.dump()};
}

DemoAnswer EmbeddedModel::answer(const std::string& body) {
  {
    const std::lock_guard lock(mutex_);
    received_ = body;
  }
  const Json request = Json::parse(body, nullptr, false);
  const bool is_chat = request.is_object() && request.contains("messages");
  const std::size_t messages = is_chat ? request["messages"].size() : 0;
  const std::string said = "I am the demo's embedded model; your request had " +
                           std::to_string(messages) + " message(s).";
  const std::string model = is_chat ? request.value("model", "demo-model") : "demo-model";
  const bool streams = is_chat && request.value("stream", false);
  return streams ? stream(said, model) : completion(said, model);
}

std::string EmbeddedModel::take_received() {
  const std::lock_guard lock(mutex_);
  return std::exchange(received_, {});
}

}  // namespace portcullis::cli
