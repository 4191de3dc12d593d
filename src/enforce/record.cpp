#include "enforce/record.h"

#include "base/json_out.h"

namespace portcullis {
namespace {

constexpr std::size_t unscanned_max = 16;
constexpr std::size_t usual_bytes =
    1536;  // most records and their parts fit: no growing step by step

std::string_view provenance_name(Provenance from) {
  switch (from) {
    case Provenance::unknown:
      return "unknown";
    case Provenance::config:
      return "config";
    case Provenance::header:
      return "header";
    case Provenance::body:
      return "body";
  }
  return "unknown";
}

void append_token(JsonWriter& json, const TokenEvidence& token) {
  json.name("token").begin_object();
  json.string("issuer", token.issuer);
  json.string("kid", token.key_id);
  if (!token.token_id.empty()) json.string("jti", token.token_id);
  json.name("aud").strings(token.audience);
  json.integer("exp", token.expires);
  json.name("digest").hex(token.digest);
  json.end_object();
}

void append_findings(JsonWriter& json, const std::vector<FindingSummary>& findings) {
  json.name("findings").begin_array();
  for (const FindingSummary& finding : findings) {
    json.begin_object();
    json.string("type", finding.type);
    json.string("class", finding.data_class);
    json.string("confidence", confidence_name(finding.confidence));
    json.integer("count", finding.count);
    json.name("where").strings(finding.where);
    if (finding.more > 0) json.integer("more", finding.more);
    json.end_object();
  }
  json.end_array();
}

void append_coverage(JsonWriter& json, const Ruling& ruling) {
  json.name("coverage").begin_object();
  json.integer("parts", static_cast<std::int64_t>(ruling.texts));
  json.integer("bytes", static_cast<std::int64_t>(ruling.bytes));
  json.name("unscanned").begin_array();
  const std::size_t shown = std::min(ruling.unscanned.size(), unscanned_max);
  for (std::size_t i = 0; i < shown; ++i) {
    json.begin_object();
    json.string("where", ruling.unscanned[i].pointer);
    json.string("why", ruling.unscanned[i].what);
    json.end_object();
  }
  json.end_array();
  if (ruling.unscanned.size() > shown) {
    json.integer("more", static_cast<std::int64_t>(ruling.unscanned.size() - shown));
  }
  json.end_object();
}

std::string evidence(const Inquiry& inquiry, const Ruling& ruling) {
  std::string out;
  out.reserve(usual_bytes);
  JsonWriter json(out);
  json.begin_object();
  json.string("source", inquiry.head.source);
  if (ruling.token) append_token(json, *ruling.token);
  if (!ruling.pointer.empty()) json.string("where", ruling.pointer);
  append_findings(json, ruling.findings);
  append_coverage(json, ruling);
  json.name("classifier").hex(inquiry.snapshot->classifier->digest());
  json.name("commit").begin_object();
  if (ruling.was_body_read) json.name("received").hex(ruling.received);
  if (ruling.decision.effect == Effect::allow) json.name("forwarded").hex(ruling.forwarded);
  json.end_object();
  json.end_object();
  return out;
}

void append_learnt(JsonWriter& json, const JsonName& name, const Learnt& learnt) {
  json.name(name).begin_object();
  if (learnt.from != Provenance::unknown) json.string("value", learnt.value);
  json.string("from", provenance_name(learnt.from));
  json.end_object();
}

void append_usage(JsonWriter& json, const Outcome& outcome) {
  if (!outcome.input_tokens && !outcome.output_tokens) return;
  json.name("usage").begin_object();
  if (outcome.input_tokens) json.integer("input_tokens", *outcome.input_tokens);
  if (outcome.output_tokens) json.integer("output_tokens", *outcome.output_tokens);
  json.end_object();
}

}  // namespace

Draft draft_decision(const Inquiry& inquiry, const Ruling& ruling) {
  DecisionDraft decision;
  decision.id = inquiry.id;
  decision.input.reserve(usual_bytes);
  append_json(decision.input, ruling.input);
  decision.policy_name = inquiry.snapshot->policy->name();
  decision.policy_sequence = inquiry.snapshot->policy->sequence();
  decision.policy_digest = inquiry.snapshot->policy->digest();
  decision.decision = ruling.decision;
  decision.evidence = evidence(inquiry, ruling);
  return make_draft(decision);
}

Draft draft_outcome(const std::string& decision_id, std::uint64_t decision_seq,
                    const Outcome& outcome) {
  std::string out;
  out.reserve(usual_bytes);
  JsonWriter json(out);
  json.string("id", decision_id);
  json.integer("decision", static_cast<std::int64_t>(decision_seq));
  json.string("upstream", outcome.upstream);
  append_learnt(json, "provider", outcome.provider);
  append_learnt(json, "model", outcome.model);
  json.integer("status", outcome.status);
  if (outcome.failure != Reason::none) json.string("failure", reason_code(outcome.failure));
  json.integer("attempts", 1);
  append_usage(json, outcome);
  json.integer("bytes", static_cast<std::int64_t>(outcome.bytes));
  json.integer("first_byte_us", outcome.first_byte.count());
  json.integer("total_us", outcome.total.count());
  if (outcome.client_aborted) json.boolean("client_aborted", true);
  if (outcome.cut_at) json.integer("cut_at", static_cast<std::int64_t>(*outcome.cut_at));
  if (outcome.returned) {
    json.name("commit").begin_object();
    json.name("returned").hex(*outcome.returned);
    json.end_object();
  }
  return Draft(RecordType::outcome, std::move(out));
}

Draft draft_change(const Change& change) {
  std::string out;
  JsonWriter json(out);
  json.string("what", change.what);
  if (!change.name.empty()) json.string("name", change.name);
  json.name("digest").hex(change.digest);
  json.string("who", "unknown");
  return Draft(RecordType::change, std::move(out));
}

Draft draft_shed(const std::vector<ShedRow>& rows) {
  std::string out;
  JsonWriter json(out);
  json.name("rows").begin_array();
  for (const ShedRow& row : rows) {
    json.begin_object();
    json.string("reason", reason_code(row.reason));
    json.string("source", row.source);
    json.integer("count", static_cast<std::int64_t>(row.count));
    json.end_object();
  }
  json.end_array();
  return Draft(RecordType::shed, std::move(out));
}

}  // namespace portcullis
