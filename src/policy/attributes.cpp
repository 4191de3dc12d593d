#include "policy/attributes.h"

#include <algorithm>
#include <array>

namespace portcullis::policy {
namespace {

using Text = std::optional<Names>;
using Number = std::optional<std::int64_t>;

// A sign-in that lies this little in the future is the issuer's clock, not a lie.
constexpr std::int64_t auth_skew_s = 60;

constexpr std::string_view kinds[] = {"person", "service"};
constexpr std::string_view proofs[] = {"directory", "profile"};
constexpr std::string_view client_kinds[] = {"agent", "batch", "interactive"};
constexpr std::string_view actions[] = {"chat", "complete", "embed", "list_models", "respond"};
constexpr std::string_view booleans[] = {"false", "true"};

Text one(std::string_view value) {
  if (value.empty()) return std::nullopt;
  return Names{value, {}};
}

Text maybe(const std::optional<std::string>& value) { return value ? one(*value) : std::nullopt; }

Text many(const std::vector<std::string>& values) { return Names{{}, values}; }

Text flag(const std::optional<bool>& value) {
  if (!value) return std::nullopt;
  return one(booleans[*value ? 1 : 0]);
}

Text subject_kind(const PolicyInput& input) {
  switch (input.subject.kind) {
    case SubjectKind::unresolved:
      return std::nullopt;
    case SubjectKind::person:
      return one(kinds[0]);
    case SubjectKind::service:
      return one(kinds[1]);
  }
  return std::nullopt;
}

Text subject_proof(const PolicyInput& input) {
  switch (input.subject.proof) {
    case Proof::none:
      return std::nullopt;
    case Proof::directory:
      return one(proofs[0]);
    case Proof::profile:
      return one(proofs[1]);
  }
  return std::nullopt;
}

Number auth_age(const PolicyInput& input) {
  std::int64_t age = 0;
  if (!input.subject.auth_time ||
      __builtin_sub_overflow(input.env.now, *input.subject.auth_time, &age) || age < -auth_skew_s) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(age, 0);
}

Text groups(const PolicyInput& input) {
  return input.subject.groups ? many(*input.subject.groups) : std::nullopt;
}

// A request without a model (list_models) has no tags to know.
Text tags(const PolicyInput& input) {
  return input.model.entry.empty() ? std::nullopt : many(input.model.tags);
}

constexpr std::span<const std::string_view> any;  // not a closed list
constexpr AttributeType text = AttributeType::text;
using In = const PolicyInput&;

const AttributeInfo table[] = {
    {Attribute::subject_kind, "subject.kind", text, kinds, subject_kind},
    {Attribute::subject_id, "subject.id", text, any, [](In in) { return one(in.subject.id); }},
    {Attribute::subject_groups, "subject.groups", AttributeType::set, any, groups},
    {Attribute::subject_employment, "subject.employment", text, any,
     [](In in) { return maybe(in.subject.employment); }},
    {Attribute::subject_contract_end, "subject.contract_end", AttributeType::time, any, nullptr,
     [](In in) { return in.subject.contract_end; }},
    {Attribute::subject_guest, "subject.guest", AttributeType::boolean, booleans,
     [](In in) { return flag(in.subject.guest); }},
    {Attribute::subject_auth_age_s, "subject.auth_age_s", AttributeType::integer, any, nullptr,
     auth_age},
    {Attribute::subject_proof, "subject.proof", text, proofs, subject_proof},
    {Attribute::client_id, "client.id", text, any, [](In in) { return maybe(in.client.id); }},
    {Attribute::client_kind, "client.kind", text, client_kinds,
     [](In in) { return maybe(in.client.kind); }},
    {Attribute::client_purpose, "client.purpose", text, any,
     [](In in) { return maybe(in.client.purpose); }},
    {Attribute::action, "action", text, actions, [](In in) { return one(in.request.action); }},
    {Attribute::request_surface, "request.surface", text, any,
     [](In in) { return one(in.request.surface); }},
    {Attribute::request_path, "request.path", AttributeType::glob, any,
     [](In in) { return one(in.request.path); }},
    {Attribute::request_stream, "request.stream", AttributeType::boolean, booleans,
     [](In in) { return flag(in.request.stream); }},
    {Attribute::request_credential, "request.credential", text, any,
     [](In in) { return one(in.request.credential); }},
    {Attribute::request_hosted_tools, "request.hosted_tools", AttributeType::set, any,
     [](In in) { return many(in.request.hosted_tools); }},
    {Attribute::request_remote_hosts, "request.remote_hosts", AttributeType::set, any,
     [](In in) { return many(in.request.remote_hosts); }},
    {Attribute::model_entry, "model.entry", text, any, [](In in) { return one(in.model.entry); }},
    {Attribute::model_name, "model.name", AttributeType::glob, any,
     [](In in) { return one(in.model.name); }},
    {Attribute::model_upstream, "model.upstream", text, any,
     [](In in) { return one(in.model.upstream); }},
    {Attribute::model_region, "model.region", text, any,
     [](In in) { return maybe(in.model.region); }},
    {Attribute::model_tags, "model.tags", AttributeType::set, any, tags},
    {Attribute::data_classes, "data.classes", AttributeType::classes, any},
    {Attribute::data_residual, "data.residual", AttributeType::residual, any},
    {Attribute::data_types, "data.types", AttributeType::types, any},
    {Attribute::data_count, "data.count", AttributeType::count, any},
    {Attribute::env_now, "env.now", AttributeType::time, any, nullptr,
     [](In in) { return Number(in.env.now); }},
};
static_assert(std::size(table) == static_cast<std::size_t>(Attribute::env_now) + 1);

constexpr std::string_view later_prefixes[] = {"budget.", "response."};
constexpr std::string_view later_names[] = {"env.local_time", "request.justification_len"};

constexpr std::string_view unscanned[] = {
    "unscanned.audio",           "unscanned.budget", "unscanned.file",
    "unscanned.image",           "unscanned.opaque", "unscanned.token_ids",
    "unscanned.provider_sealed",
};

}  // namespace

const AttributeInfo& attribute_info(Attribute attribute) {
  return table[static_cast<std::size_t>(attribute)];
}

const AttributeInfo* find_attribute(std::string_view name) {
  if (name == "request.action") name = "action";
  const auto found = std::ranges::find(table, name, &AttributeInfo::name);
  return found == std::end(table) ? nullptr : found;
}

std::vector<std::string_view> attribute_names() {
  std::vector<std::string_view> names;
  for (const AttributeInfo& info : table) names.push_back(info.name);
  return names;
}

bool is_later_attribute(std::string_view name) {
  const auto begins = [&](std::string_view prefix) { return name.starts_with(prefix); };
  return std::ranges::any_of(later_prefixes, begins) ||
         std::ranges::find(later_names, name) != std::end(later_names);
}

std::span<const std::string_view> unscanned_classes() { return unscanned; }

}  // namespace portcullis::policy
