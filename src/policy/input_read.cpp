// parse_policy_input(): strict, for replay. Every member is known, none stands twice, none that an
// input always has is missing.
#include <algorithm>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "policy/input_names.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

using nlohmann::json;

constexpr std::size_t bytes_max = 8u << 20;
constexpr int depth_max = 8;

// Notes the first error; later readings go on and are not used.
class Reader {
 public:
  const std::string& error() const { return error_; }

  void fail(std::string_view what) {
    if (error_.empty()) error_ = "policy input: " + std::string(what);
  }

  // The members of an object, all of which must be among `names`.
  const json& object(const json& value, std::initializer_list<std::string_view> names) {
    if (!value.is_object()) {
      fail("expected an object");
      return empty_;
    }
    for (const auto& [name, member] : value.items()) {
      if (std::ranges::find(names, name) == names.end()) fail("unknown member");
    }
    return value;
  }

  const json* find(const json& object, const char* name) const {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }

  const json& required(const json& object, const char* name) {
    const json* value = find(object, name);
    if (value == nullptr) fail(std::string("missing member ") + name);
    return value == nullptr ? null_ : *value;
  }

  void read(const json& value, std::string& out) {
    value.is_string() ? void(out = value.get<std::string>()) : fail("expected a string");
  }
  void read(const json& value, bool& out) {
    value.is_boolean() ? void(out = value.get<bool>()) : fail("expected true or false");
  }
  void read(const json& value, std::vector<std::string>& out) {
    if (!value.is_array()) return fail("expected an array of strings");
    for (const json& item : value) read(item, out.emplace_back());
  }
  void read(const json& value, std::int64_t& out) {
    const bool too_large =
        value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!value.is_number_integer() || too_large) return fail("expected a 64-bit integer");
    out = value.get<std::int64_t>();
  }
  void read(const json& value, std::uint32_t& out) {
    std::int64_t wide = 0;
    read(value, wide);
    if (wide < 0 || wide > std::numeric_limits<std::uint32_t>::max())
      return fail("count too large");
    out = static_cast<std::uint32_t>(wide);
  }
  template <class T>
  void read_optional(const json& object, const char* name, std::optional<T>& out) {
    if (const json* value = find(object, name)) read(*value, out.emplace());
  }
  template <class Enum>
    requires std::is_enum_v<Enum>
  void read_word(const json& value, std::span<const std::string_view> words, Enum& out) {
    const auto found = value.is_string()
                           ? std::ranges::find(words, value.get_ref<const std::string&>())
                           : words.end();
    if (found == words.end()) return fail("unknown word for an enumeration");
    out = static_cast<Enum>(found - words.begin());
  }

 private:
  std::string error_;
  json null_;
  json empty_ = json::object();
};

void read_subject(Reader& in, const json& value, Subject& out) {
  const json& o = in.object(value, {"kind", "id", "issuer", "key", "proof", "groups", "employment",
                                    "contract_end", "guest", "auth_time"});
  in.read_word(in.required(o, "kind"), policy::subject_kinds, out.kind);
  in.read(in.required(o, "id"), out.id);
  in.read(in.required(o, "issuer"), out.issuer);
  in.read(in.required(o, "key"), out.key);
  in.read_word(in.required(o, "proof"), policy::proofs, out.proof);
  in.read_optional(o, "groups", out.groups);
  in.read_optional(o, "employment", out.employment);
  in.read_optional(o, "contract_end", out.contract_end);
  in.read_optional(o, "guest", out.guest);
  in.read_optional(o, "auth_time", out.auth_time);
}

void read_client(Reader& in, const json& value, Client& out) {
  const json& o = in.object(value, {"id", "kind", "purpose"});
  in.read_optional(o, "id", out.id);
  in.read_optional(o, "kind", out.kind);
  in.read_optional(o, "purpose", out.purpose);
}

void read_request(Reader& in, const json& value, RequestFacts& out) {
  const json& o = in.object(value, {"action", "surface", "path", "route", "stream", "credential",
                                    "hosted_tools", "remote_hosts"});
  in.read(in.required(o, "action"), out.action);
  in.read(in.required(o, "surface"), out.surface);
  in.read(in.required(o, "path"), out.path);
  in.read(in.required(o, "route"), out.route);
  in.read(in.required(o, "stream"), out.stream);
  in.read(in.required(o, "credential"), out.credential);
  in.read(in.required(o, "hosted_tools"), out.hosted_tools);
  in.read(in.required(o, "remote_hosts"), out.remote_hosts);
}

void read_model(Reader& in, const json& value, ModelFacts& out) {
  const json& o = in.object(value, {"name", "entry", "upstream", "region", "tags"});
  in.read(in.required(o, "name"), out.name);
  in.read(in.required(o, "entry"), out.entry);
  in.read(in.required(o, "upstream"), out.upstream);
  in.read_optional(o, "region", out.region);
  in.read(in.required(o, "tags"), out.tags);
}

void read_item(Reader& in, const json& value, DataItem& out) {
  const json& o = in.object(value, {"type", "classes", "confidence", "count", "redactable"});
  in.read(in.required(o, "type"), out.type);
  in.read(in.required(o, "classes"), out.classes);
  in.read_word(in.required(o, "confidence"), policy::confidences, out.confidence);
  in.read(in.required(o, "count"), out.count);
  in.read(in.required(o, "redactable"), out.redactable);
}

void read_input(Reader& in, const json& value, PolicyInput& out) {
  const json& o = in.object(value, {"subject", "client", "request", "model", "data", "env"});
  read_subject(in, in.required(o, "subject"), out.subject);
  read_client(in, in.required(o, "client"), out.client);
  read_request(in, in.required(o, "request"), out.request);
  read_model(in, in.required(o, "model"), out.model);
  const json& data = in.required(o, "data");
  if (!data.is_array()) return in.fail("data: expected an array");
  for (const json& item : data) read_item(in, item, out.data.emplace_back());
  const json& env = in.object(in.required(o, "env"), {"now"});
  in.read(in.required(env, "now"), out.env.now);
}

// nlohmann keeps the last of two equal members; this callback sees both.
class Guard {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > depth_max) refused_ = true;
    if (event == json::parse_event_t::object_start) open_.emplace_back();
    if (event == json::parse_event_t::object_end) open_.pop_back();
    if (event == json::parse_event_t::key) {
      refused_ |= !open_.back().insert(parsed.get<std::string>()).second;
    }
    return !refused_;
  }
  bool refused() const { return refused_; }

 private:
  std::vector<std::set<std::string>> open_;
  bool refused_ = false;
};

}  // namespace

Result<PolicyInput> parse_policy_input(std::string_view text) {
  if (text.size() > bytes_max) return failure(Cause::limit, "policy input: too large");
  if (text.find('\0') != std::string_view::npos) {
    return failure(Cause::invalid, "policy input: NUL character");
  }
  try {
    Guard guard;
    const json value = json::parse(text, std::ref(guard), false);
    if (value.is_discarded() || guard.refused()) {
      return failure(Cause::invalid, "policy input: not JSON, too deep, or a member stands twice");
    }
    Reader reader;
    PolicyInput input;
    read_input(reader, value, input);
    if (!reader.error().empty()) return failure(Cause::invalid, reader.error());
    return input;
  } catch (const std::exception&) {
    return failure(Cause::invalid, "policy input: cannot be read");
  }
}

}  // namespace portcullis
