#include <array>
#include <cstdlib>
#include <utility>

#include "audit/record.h"
#include "base/encoding.h"
#include "base/json_out.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

constexpr std::array<std::string_view, audit::record_type_count> type_names = {
    "open",       "decision", "outcome", "checkpoint", "change", "recovered",
    "clock_step", "anchor",   "shed",    "retention",  "seal"};

bool may_be_drafted(RecordType type) {
  switch (type) {
    case RecordType::outcome:
    case RecordType::change:
    case RecordType::anchor:
    case RecordType::shed:
    case RecordType::retention:
      return true;
    case RecordType::open:
    case RecordType::decision:
    case RecordType::checkpoint:
    case RecordType::recovered:
    case RecordType::clock_step:
    case RecordType::seal:
      return false;
  }
  return false;
}

void write_decision(JsonWriter& json, const Decision& decision) {
  json.name("decision").begin_object();
  json.string("effect", audit::effect_name(decision.effect));
  json.string("reason", reason_code(decision.reason));
  json.name("rules").strings(decision.rules);
  json.name("obligations").begin_array();
  for (const Obligation& obligation : decision.obligations) {
    switch (obligation.type) {
      case ObligationType::redact:
        json.begin_object().string("type", "redact");
        break;
    }
    json.name("classes").strings(obligation.classes).end_object();
  }
  json.end_array();
  json.name("shadow").strings(decision.shadow);
  json.end_object();
}

std::string draft_members(const DecisionDraft& draft) {
  std::string out;
  out.reserve(draft.input.size() + draft.evidence.size() + 512);
  JsonWriter json(out);
  json.string("id", draft.id);
  json.name("input").raw(draft.input);
  json.name("policy").begin_object();
  json.string("name", draft.policy_name).integer("sequence", draft.policy_sequence);
  json.name("digest").hex(draft.policy_digest).end_object();
  write_decision(json, draft.decision);
  json.name("evidence").raw(draft.evidence);
  return out;
}

}  // namespace

std::string_view record_type_name(RecordType type) {
  return type_names[static_cast<std::size_t>(type)];
}

namespace audit {

std::string_view effect_name(Effect effect) {
  switch (effect) {
    case Effect::deny:
      return "deny";
    case Effect::allow:
      return "allow";
  }
  return "deny";
}

std::optional<RecordType> record_type_from_name(std::string_view name) {
  for (std::size_t i = 0; i < type_names.size(); ++i) {
    if (type_names[i] == name) return static_cast<RecordType>(i);
  }
  return std::nullopt;
}

}  // namespace audit

Draft::Draft(RecordType type, std::string members) : type_(type), members_(std::move(members)) {
  if (!may_be_drafted(type)) std::abort();
}

Draft make_draft(const DecisionDraft& decision) {
  Draft draft;
  draft.effect_ = decision.decision.effect;
  draft.members_ = draft_members(decision);
  return draft;
}

}  // namespace portcullis
