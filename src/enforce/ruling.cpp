#include "enforce/ruling.h"

#include <algorithm>
#include <exception>

#include "enforce/data_items.h"
#include "enforce/forwarded.h"
#include "enforce/recordable.h"

namespace portcullis {
namespace {

Decision denial_decision(const Denial& denial) {
  Decision decision;
  decision.effect = Effect::deny;
  decision.reason = denial.reason;
  decision.detail = denial.detail;
  return decision;
}

// What is known before the body, with every outside string made fit to be recorded.
Ruling begin(const Inquiry& inquiry, Scanner& scanner, const EvidenceKey& key) {
  Ruling ruling;
  PolicyInput& input = ruling.input;
  if (inquiry.who) {
    input.subject = inquiry.who->subject;
    input.client = inquiry.who->client;
    ruling.token = inquiry.who->token;
  }
  input.env.now = inquiry.now;
  input.request.path = inquiry.head.path;
  if (inquiry.route != nullptr) {
    input.request.surface = inquiry.route->surface;
    input.request.route = inquiry.route->path;
  }
  if (inquiry.endpoint) input.request.action = action_name(inquiry.endpoint->action);
  std::string client = input.client.id.value_or("");
  std::vector<std::string*> outside = {&client};
  // A path that the surface's own table spells is fit as it is.
  const bool is_spelled = inquiry.endpoint && inquiry.endpoint->model.empty();
  if (!is_spelled) outside.push_back(&input.request.path);
  if (ruling.token) {
    outside.insert(outside.end(), {&ruling.token->token_id, &ruling.token->key_id});
    for (std::string& audience : ruling.token->audience) outside.push_back(&audience);
  }
  make_recordable(outside, scanner, key);
  // INVARIANT: policy never decides on a stand-in. A registered client's id is the operator's own
  // text; any other that may not be recorded is unknown.
  if (input.client.id && client != *input.client.id && !input.client.kind) input.client.id.reset();
  ruling.upstream = inquiry.upstream;
  if (inquiry.upstream != nullptr) input.model.upstream = inquiry.upstream->name;
  return ruling;
}

// Policy decides on hosts by name, so no stand-in can take a name's place: what may not be recorded
// is refused.
OrDenial<void> fill_hosts(const Content& content, Scanner& scanner, const EvidenceKey& key,
                          RequestFacts& request) {
  std::vector<std::string> hosts = content.remote_hosts;
  for (std::string& host : hosts) make_recordable(host, scanner, key);
  request.remote_hosts = std::move(hosts);
  if (request.remote_hosts == content.remote_hosts) return {};
  return deny(Reason::remote_host,
              "a URL names a host that holds data, is an IPv6 address or is too long");
}

// The catalogue's entry for the one model that the request names.
OrDenial<void> fill_model(const Inquiry& inquiry, const Content& content, Scanner& scanner,
                          const EvidenceKey& key, Ruling& ruling) {
  const bool names_none = inquiry.endpoint->action == Action::list_models && content.models.empty();
  if (names_none) return {};
  if (content.models.size() != 1) {
    return deny(Reason::member_invalid, "the body must name exactly one model", "/model");
  }
  ModelFacts& model = ruling.input.model;
  std::string name = content.models.front();
  const ModelEntry* entry = inquiry.snapshot->policy->find_model(name);
  if (entry == nullptr) make_recordable(name, scanner, key);
  model.name = std::move(name);
  if (entry == nullptr) return {};  // decide() refuses it: unknown_model
  model.entry = entry->key;
  model.region = entry->region;
  model.tags = entry->tags;
  if (!entry->upstream.empty()) {
    ruling.upstream = inquiry.snapshot->find_upstream(entry->upstream);
    if (ruling.upstream == nullptr) {
      return deny(Reason::policy_unavailable, "the model's upstream is not configured");
    }
    model.upstream = entry->upstream;
  }
  if (!model.region && ruling.upstream != nullptr) model.region = ruling.upstream->region;
  return {};
}

OrDenial<std::string> judge_content(const Inquiry& inquiry, std::string body, Scanner& scanner,
                                    const EvidenceKey& key, Ruling& ruling) {
  if (ruling.input.request.path != inquiry.head.path) {
    return deny(Reason::path_unknown, "the path holds data, or characters that cannot be recorded");
  }
  const ContentOptions options = inquiry.snapshot->config->content_options(*inquiry.route);
  const std::string* coding = inquiry.head.find("content-encoding");
  OrDenial<std::string> decoded =
      decode_body(std::move(body), coding == nullptr ? "" : *coding, options.limits);
  if (!decoded) return decoded;
  OrDenial<Content> content = extract(*inquiry.endpoint, std::move(*decoded), options);
  if (!content) return tl::unexpected<Denial>(content.error());

  RequestFacts& request = ruling.input.request;
  request.stream = content->stream;
  request.hosted_tools = content->hosted_tools;
  if (auto filled = fill_hosts(*content, scanner, key, request); !filled) {
    return tl::unexpected<Denial>(filled.error());
  }
  if (auto filled = fill_model(inquiry, *content, scanner, key, ruling); !filled) {
    return tl::unexpected<Denial>(filled.error());
  }

  append_forwarded_texts(inquiry, *content);
  OrDenial<Findings> findings = scanner.scan(content->texts);
  if (!findings) return tl::unexpected<Denial>(findings.error());
  drop_repeated_findings(content->texts, *findings);
  ruling.unscanned = content->unscanned;
  ruling.unscanned.insert(ruling.unscanned.end(), findings->unscanned.begin(),
                          findings->unscanned.end());
  ruling.findings = summarise(content->texts, *findings);
  ruling.texts = content->texts.size();
  ruling.bytes = findings->bytes;
  ruling.input.data = data_items(content->texts, *findings, ruling.unscanned);

  ruling.decision = decide(*inquiry.snapshot->policy, ruling.input);
  if (ruling.decision.reason == Reason::data_not_covered && !ruling.unscanned.empty()) {
    ruling.decision.detail += " ";
    ruling.decision.detail += unscanned_advice(ruling.unscanned.front().what);
  }
  if (ruling.decision.effect != Effect::allow) return std::string();
  return splice(*content, replacements(content->texts, *findings, ruling.decision.obligations));
}

}  // namespace

Ruling judge(const Inquiry& inquiry, std::string body, Scanner& scanner, const EvidenceKey& key) {
  Ruling ruling;
  try {
    ruling = begin(inquiry, scanner, key);
    ruling.was_body_read = true;
    ruling.received = hmac_sha256(key.commit_key(inquiry.id, "received"), body);
    OrDenial<std::string> to_send = judge_content(inquiry, std::move(body), scanner, key, ruling);
    if (!to_send) {
      ruling.decision = denial_decision(to_send.error());
      ruling.pointer = to_send.error().pointer;
    } else if (ruling.decision.effect == Effect::allow) {
      ruling.body = std::move(*to_send);
      ruling.forwarded = hmac_sha256(key.commit_key(inquiry.id, "forwarded"), ruling.body);
    }
  } catch (const std::exception&) {
    // Whatever a library threw: nothing that was half judged may pass.
    ruling.decision = denial_decision({Reason::internal, "the request could not be judged", {}});
    ruling.body.clear();
  }
  return ruling;
}

Ruling refuse(const Inquiry& inquiry, const Denial& denial, Scanner& scanner,
              const EvidenceKey& key) {
  Ruling ruling = begin(inquiry, scanner, key);
  ruling.decision = denial_decision(denial);
  ruling.pointer = denial.pointer;
  return ruling;
}

}  // namespace portcullis
