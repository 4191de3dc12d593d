#include "cli/demo_steps.h"

#include <nlohmann/json.hpp>

namespace portcullis::cli {
namespace {

using Json = nlohmann::json;

std::string chat(const Json& messages) {
  return Json{{"model", "demo-model"}, {"messages", messages}}.dump();
}

}  // namespace

std::vector<DemoStep> demo_steps() {
  const Json question = {{"role", "user"}, {"content", "What is the capital of France?"}};
  const Json earlier = {{"role", "user"},
                        {"content",
                         "deploy with AKIA"
                         "QYLPMN5HFZ3T2WXK please"}};
  const Json done = {{"role", "assistant"}, {"content", "Done."}};
  // 4111 1111 1111 1111 in fullwidth digits, inside the JSON text of a tool call's arguments.
  const std::string card =
      "\uFF14\uFF11\uFF11\uFF11 \uFF11\uFF11\uFF11\uFF11 \uFF11\uFF11\uFF11\uFF11 "
      "\uFF11\uFF11\uFF11\uFF11";
  const Json arguments = {{"card", card}};
  const Json call = {{"id", "call_1"},
                     {"type", "function"},
                     {"function", {{"name", "pay"}, {"arguments", arguments.dump()}}}};
  const Json tool_call = {
      {"role", "assistant"}, {"content", ""}, {"tool_calls", Json::array({call})}};
  const Json tool_answer = {{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", "ok"}};
  const Json identifier = {
      {"role", "user"}, {"content", "Draft a letter to the client with SSN 536-22-8145, please."}};
  const std::string harmless = chat(Json::array({question}));
  return {
      {"Anna asks a harmless question", {}, true, harmless, 200, ""},
      {"the same without a token", {}, false, harmless, 401, "token_missing"},
      {"with a token that expired", {.lifetime_s = -300}, true, harmless, 401, "token_expired"},
      {"with a token for another service",
       {.audience = "payroll"},
       true,
       harmless,
       401,
       "token_audience"},
      {"with a service account's token",
       {.subject = "svc-1", .service_account = true},
       true,
       harmless,
       403,
       "subject_is_service"},
      {"with the token of somebody who is not in the directory",
       {.subject = "b7c2-nobody"},
       true,
       harmless,
       403,
       "subject_unresolved"},
      {"an access key, two messages earlier",
       {},
       true,
       chat(Json::array({earlier, done, question})),
       403,
       "forbidden"},
      {"a card number in fullwidth digits, inside a tool call's arguments",
       {},
       true,
       chat(Json::array({question, tool_call, tool_answer})),
       403,
       "forbidden"},
      {"a social security number: redacted",
       {},
       true,
       chat(Json::array({identifier})),
       200,
       "",
       true},
  };
}

}  // namespace portcullis::cli
