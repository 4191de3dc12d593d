// append_json(PolicyInput): the recorded form.
#include "base/json_out.h"
#include "policy/input_names.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

void optional_string(JsonWriter& json, const JsonName& member,
                     const std::optional<std::string>& value) {
  if (value) json.string(member, *value);
}

void optional_integer(JsonWriter& json, const JsonName& member,
                      const std::optional<std::int64_t>& value) {
  if (value) json.integer(member, *value);
}

void write_subject(JsonWriter& json, const Subject& subject) {
  json.name("subject").begin_object();
  json.string("kind", policy::subject_kinds[static_cast<std::size_t>(subject.kind)]);
  json.string("id", subject.id).string("issuer", subject.issuer).string("key", subject.key);
  json.string("proof", policy::proofs[static_cast<std::size_t>(subject.proof)]);
  if (subject.groups) json.name("groups").strings(*subject.groups);
  optional_string(json, "employment", subject.employment);
  optional_integer(json, "contract_end", subject.contract_end);
  if (subject.guest) json.boolean("guest", *subject.guest);
  optional_integer(json, "auth_time", subject.auth_time);
  json.end_object();
}

void write_client(JsonWriter& json, const Client& client) {
  json.name("client").begin_object();
  optional_string(json, "id", client.id);
  optional_string(json, "kind", client.kind);
  optional_string(json, "purpose", client.purpose);
  json.end_object();
}

void write_request(JsonWriter& json, const RequestFacts& request) {
  json.name("request").begin_object();
  json.string("action", request.action).string("surface", request.surface);
  json.string("path", request.path).string("route", request.route);
  json.boolean("stream", request.stream).string("credential", request.credential);
  json.name("hosted_tools").strings(request.hosted_tools);
  json.name("remote_hosts").strings(request.remote_hosts);
  json.end_object();
}

void write_model(JsonWriter& json, const ModelFacts& model) {
  json.name("model").begin_object();
  json.string("name", model.name).string("entry", model.entry).string("upstream", model.upstream);
  optional_string(json, "region", model.region);
  json.name("tags").strings(model.tags).end_object();
}

void write_item(JsonWriter& json, const DataItem& item) {
  json.begin_object().string("type", item.type).name("classes").strings(item.classes);
  json.string("confidence", confidence_name(item.confidence)).integer("count", item.count);
  json.boolean("redactable", item.redactable).end_object();
}

}  // namespace

void append_json(std::string& out, const PolicyInput& input) {
  JsonWriter json(out);
  json.begin_object();
  write_subject(json, input.subject);
  write_client(json, input.client);
  write_request(json, input.request);
  write_model(json, input.model);
  json.name("data").begin_array();
  for (const DataItem& item : input.data) write_item(json, item);
  json.end_array().name("env").begin_object().integer("now", input.env.now).end_object();
  json.end_object();
}

}  // namespace portcullis
