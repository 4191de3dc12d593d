// append_ocsf(): OCSF 1.3.0, API Activity. What is required of that class: activity_id, actor, api,
// category_uid, class_uid, metadata (product, version), severity_id, src_endpoint, time, type_uid.
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>

#include "audit/export.h"
#include "audit/moment.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

using Json = nlohmann::json;

constexpr int category_uid = 6;  // Application Activity
constexpr int class_uid = 6003;  // API Activity
constexpr int activity_other = 99;
constexpr int severity_informational = 1;
constexpr int severity_medium = 3;
constexpr int status_success = 1;
constexpr int status_failure = 2;
constexpr std::int64_t http_error_min = 400;

const Json* find(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  return json.contains(at) ? &json[at] : nullptr;
}

std::optional<std::int64_t> integer_at(const Json& json, const char* pointer) {
  const Json* value = find(json, pointer);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

std::int64_t milliseconds_of(const std::string& time) {
  constexpr std::size_t fraction = 20;  // where the digits of the second's fraction begin
  std::int64_t milliseconds = 0;
  for (std::size_t i = fraction; i < fraction + 3; ++i)
    milliseconds = 10 * milliseconds + time[i] - '0';
  return 1000 * seconds_of(time).value_or(0) + milliseconds;
}

class Event {
 public:
  Event(std::string& out, const StoredRecord& record)
      : json_(out), record_(record.json), summary_(record.summary) {}

  void write_decision() {
    const bool denied = summary_.effect != "allow";
    const std::string action = text_at(record_, "/input/request/action");
    begin(action.empty() ? "request" : action, denied ? Status::failure : Status::success);
    if (denied) json_.string("status_code", summary_.reason);
    write_actor();
    json_.name("api").begin_object().string("operation", action.empty() ? "unknown" : action);
    json_.name("request").begin_object().string("uid", summary_.id).end_object();
    service(text_at(record_, "/input/request/surface"));
    json_.end_object();
    endpoint("src_endpoint", "ip", text_at(record_, "/evidence/source"));
    endpoint("dst_endpoint", "name", text_at(record_, "/input/model/upstream"));
    const std::string path = text_at(record_, "/input/request/path");
    if (!path.empty()) {
      json_.name("http_request").begin_object().name("url").begin_object();
      json_.string("path", path).end_object().end_object();
    }
    unmapped({"decision", "policy", "input", "evidence"});
    json_.end_object();
  }

  void write_outcome() {
    const auto status = integer_at(record_, "/status");
    const std::string error = text_at(record_, "/failure");
    const bool failed = !error.empty() || status.value_or(0) >= http_error_min;
    begin("outcome", failed ? Status::failure : Status::success);
    // The daemon itself asked the model's host on behalf of the decision's subject.
    json_.name("actor").begin_object().string("app_name", "portcullis").end_object();
    json_.name("api").begin_object().string("operation", "forward");
    json_.name("request").begin_object().string("uid", summary_.id).end_object();
    json_.name("response").begin_object();
    if (status) json_.integer("code", *status);
    if (!error.empty()) json_.string("error", error);
    json_.end_object().end_object();
    endpoint("src_endpoint", "name", "portcullis");
    endpoint("dst_endpoint", "name", text_at(record_, "/upstream"));
    unmapped({"decision", "provider", "model", "attempts", "usage", "bytes", "first_byte_us",
              "total_us", "client_aborted", "cut_at", "commit"});
    json_.end_object();
  }

 private:
  enum class Status : std::uint8_t { success, failure };

  void begin(const std::string& activity, Status status) {
    const bool good = status == Status::success;
    json_.begin_object().integer("category_uid", category_uid).integer("class_uid", class_uid);
    json_.integer("activity_id", activity_other).string("activity_name", activity);
    json_.integer("type_uid", class_uid * 100 + activity_other);
    json_.integer("time", milliseconds_of(summary_.time));
    json_.integer("severity_id", good ? severity_informational : severity_medium);
    json_.integer("status_id", good ? status_success : status_failure);
    json_.name("metadata").begin_object().string("version", "1.3.0");
    json_.name("product").begin_object().string("name", "Portcullis");
    json_.string("vendor_name", "Portcullis").string("version", PORTCULLIS_VERSION).end_object();
    json_.string("log_name", text_at(record_, "/stream"));
    json_.integer("sequence", static_cast<std::int64_t>(summary_.seq));
    json_.string("correlation_uid", summary_.id).string("original_time", summary_.time);
    json_.string("uid", text_at(record_, "/leaf")).end_object();
  }

  void write_actor() {
    const std::string client = text_at(record_, "/input/client/id");
    json_.name("actor").begin_object().name("user").begin_object();
    if (summary_.person.empty()) {
      json_.string("name", "unidentified");
    } else {
      json_.string("uid", summary_.person);
      json_.string("domain", text_at(record_, "/input/subject/issuer"));
    }
    if (const Json* groups = find(record_, "/input/subject/groups"); groups && groups->is_array()) {
      json_.name("groups").begin_array();
      for (const Json& group : *groups) {
        if (!group.is_string()) continue;
        json_.begin_object().string("name", group.get_ref<const std::string&>()).end_object();
      }
      json_.end_array();
    }
    json_.end_object();
    if (!client.empty()) json_.string("app_uid", client);
    json_.end_object();
  }

  void service(const std::string& name) {
    if (name.empty()) return;
    json_.name("service").begin_object().string("name", name).end_object();
  }

  void endpoint(const JsonName& member, const JsonName& attribute, const std::string& value) {
    json_.name(member).begin_object();
    if (value.empty()) {
      json_.string("name", "unknown");
    } else {
      json_.string(attribute, value);
    }
    json_.end_object();
  }

  void unmapped(std::initializer_list<const char*> members) {
    json_.name("unmapped").begin_object();
    for (const char* member : members) {
      if (const auto found = record_.find(member); found != record_.end()) {
        json_.name_of(member).raw(found->dump());
      }
    }
    json_.end_object();
  }

  JsonWriter json_;
  const Json& record_;
  const RecordSummary& summary_;
};

}  // namespace

bool append_ocsf(std::string& out, const StoredRecord& record) {
  const bool decision = record.summary.type == "decision";
  if (!decision && record.summary.type != "outcome") return false;
  Event event(out, record);
  decision ? event.write_decision() : event.write_outcome();
  out += '\n';
  return true;
}

}  // namespace portcullis::audit
