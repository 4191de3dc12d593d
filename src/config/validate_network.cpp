#include <algorithm>
#include <set>

#include "config/address.h"
#include "config/sections.h"

namespace portcullis {
namespace {

constexpr std::size_t name_bytes_max = 64;

// What the proxy itself writes: a configured value would make two of it.
constexpr std::string_view own_headers[] = {"connection", "content-length", "expect",
                                            "host",       "keep-alive",     "te",
                                            "trailer",    "upgrade",        "transfer-encoding"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view lower_case = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
constexpr std::string_view variable_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
// RFC 9110 section 5.6.2, token.
constexpr std::string_view token_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

void validate_reference(const Judge& judge, const std::string& path, const SecretReference& from) {
  if (from.env.empty() == from.file.empty()) {
    judge.error(path, "expected exactly one of env and file");
  }
  if (!from.env.empty() && (!all_of(from.env, variable_characters) ||
                            (from.env.front() >= '0' && from.env.front() <= '9'))) {
    judge.error(path + ".env", "expected the name of an environment variable");
  }
}

void validate_header_name(const Judge& judge, const std::string& path, const UpstreamHeader& header,
                          std::set<std::string>& seen) {
  if (header.name.empty()) return;
  const std::string name = lower(header.name);
  if (!all_of(header.name, token_characters)) {
    judge.error(path, "expected the name of a header");
  } else if (std::find(std::begin(own_headers), std::end(own_headers), name) !=
             std::end(own_headers)) {
    judge.error(path, "the proxy writes this header itself");
  }
  if (!seen.insert(name).second) judge.error(path, "this upstream sets the header twice");
}

void validate_headers(const Judge& judge, const std::string& path,
                      const UpstreamSection& upstream) {
  std::set<std::string> seen;
  if (upstream.credential) {
    const std::string below = path + ".credential";
    validate_header_name(judge, below + ".header", *upstream.credential, seen);
    validate_reference(judge, below + ".value_from", upstream.credential->value_from);
  }
  for (std::size_t i = 0; i < upstream.headers.size(); ++i) {
    const UpstreamHeader& header = upstream.headers[i];
    const std::string below = indexed(path + ".headers", i);
    validate_header_name(judge, below + ".header", header, seen);
    const bool referenced = !header.value_from.env.empty() || !header.value_from.file.empty();
    if (referenced == !header.value.empty()) {
      judge.error(below, "expected exactly one of value and value_from");
    }
    if (referenced) validate_reference(judge, below + ".value_from", header.value_from);
  }
}

void validate_upstream(const Judge& judge, const std::string& path,
                       const UpstreamSection& upstream) {
  if (!upstream.name.empty() &&
      (upstream.name.size() > name_bytes_max || !all_of(upstream.name, name_characters))) {
    judge.error(path + ".name", "expected at most 64 of a-z, 0-9, _, . and -");
  }
  if (upstream.url.empty()) return;
  const auto url = parse_http_url(upstream.url);
  if (!url) {
    judge.error(path + ".url", url.error().message);
  } else if (url->scheme == Scheme::http && !upstream.ca_file.empty()) {
    judge.error(path + ".ca_file", "has no use with an http:// url");
  }
}

// RFC 6901: "/a/b", where ~ stands only before 0 and 1.
bool is_json_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

void validate_upstream_name(const Judge& judge, const std::string& path, const std::string& name) {
  std::vector<std::string_view> names;
  for (const UpstreamSection& upstream : judge.config.upstreams) names.push_back(upstream.name);
  if (name.empty() || std::find(names.begin(), names.end(), name) != names.end()) return;
  std::string message = "no upstream has the name " + quote_for_message(name);
  const std::string_view near = nearest(name, names);
  if (!near.empty()) message += ", did you mean \"" + std::string(near) + "\"?";
  judge.error(path, message);
}

}  // namespace

void validate_listen(const Judge& judge) {
  const ListenSection& listen = judge.config.listen;
  if (!listen.public_url.empty()) {
    const auto url = parse_http_url(listen.public_url);
    if (!url) judge.error("listen.public_url", url.error().message);
  }
  for (std::size_t i = 0; i < listen.trusted_proxies.size(); ++i) {
    const auto network = check_network(listen.trusted_proxies[i]);
    if (!network) judge.error(indexed("listen.trusted_proxies", i), network.error().message);
  }
  for (std::size_t i = 0; i < listen.cors_origins.size(); ++i) {
    const auto origin = check_origin(listen.cors_origins[i]);
    if (!origin) judge.error(indexed("listen.cors_origins", i), origin.error().message);
  }
  const auto& admin = judge.config.admin;
  if (admin && admin->port != 0 && admin->port == listen.endpoint.port &&
      admin->address == listen.endpoint.address) {
    judge.error("admin.address", "the same as listen.address");
  }
}

void validate_upstreams(const Judge& judge) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < judge.config.upstreams.size(); ++i) {
    const UpstreamSection& upstream = judge.config.upstreams[i];
    const std::string path = indexed("upstreams", i);
    validate_upstream(judge, path, upstream);
    validate_headers(judge, path, upstream);
    if (!upstream.name.empty() && !names.insert(upstream.name).second) {
      judge.error(path + ".name", "another upstream has this name");
    }
  }
}

void validate_routes(const Judge& judge) {
  std::set<std::string> paths;
  for (std::size_t i = 0; i < judge.config.routes.size(); ++i) {
    const RouteSection& route = judge.config.routes[i];
    const std::string path = indexed("routes", i);
    validate_upstream_name(judge, path + ".upstream", route.upstream);
    if (!route.path.empty()) {
      const auto pattern = check_path_pattern(route.path);
      if (!pattern) judge.error(path + ".path", pattern.error().message);
      if (!paths.insert(route.path).second) judge.error(path + ".path", "another route has it");
    }
    for (std::size_t j = 0; j < route.extra_members.size(); ++j) {
      if (is_json_pointer(route.extra_members[j])) continue;
      judge.error(indexed(path + ".extra_members", j), "expected a JSON pointer, e.g. /metadata");
    }
  }
}

void validate_limits(const Judge& judge) {
  const LimitsSection& limits = judge.config.limits;
  const std::size_t decoded = judge.config.content.decoded_bytes_max;
  if (decoded < limits.body_bytes_max) {
    judge.error("content.decoded_bytes_max", "smaller than limits.body_bytes_max");
  }
  // What a body costs while it is parsed and rewritten; see net/memory_budget.h.
  if (limits.exchange_memory_max / 8 < decoded) {
    judge.error("limits.exchange_memory_max", "smaller than 8 times content.decoded_bytes_max");
  }
  if (limits.memory_per_subject_max < limits.exchange_memory_max) {
    judge.error("limits.memory_per_subject_max", "smaller than limits.exchange_memory_max");
  }
  if (limits.memory_per_subject_max >= limits.memory_max) {
    judge.error("limits.memory_per_subject_max",
                "not smaller than limits.memory_max: one person could take all of it");
  }
  // An answer is held twice while it is passed on, beside the body that it answers.
  if (limits.memory_per_subject_max / 2 < limits.answer_bytes_max + limits.body_bytes_max) {
    judge.error("limits.memory_per_subject_max",
                "smaller than twice limits.answer_bytes_max and limits.body_bytes_max together");
  }
}

void validate_classify(const Judge& judge) {
  std::set<std::string> seen;
  const std::vector<std::string>& countries = judge.config.classify.countries;
  for (std::size_t i = 0; i < countries.size(); ++i) {
    const std::string path = indexed("classify.countries", i);
    if (countries[i].size() != 2 || !all_of(countries[i], lower_case)) {
      judge.error(path, "expected a country's two lower-case letters");
    }
    if (!seen.insert(countries[i]).second) judge.error(path, "listed twice");
  }
  for (std::size_t i = 0; i < judge.config.classify.custom.size(); ++i) {
    const std::string& type = judge.config.classify.custom[i].type;
    const std::string path = indexed("classify.custom", i) + ".type";
    if (type.empty()) continue;
    if (type.size() > name_bytes_max || lower_case.find(type.front()) == std::string_view::npos ||
        !all_of(type, "abcdefghijklmnopqrstuvwxyz0123456789_")) {
      judge.error(path, "expected a lower-case letter, then at most 63 of a-z, 0-9 and _");
    }
    if (!seen.insert("type " + type).second) judge.error(path, "another detector has this type");
  }
}

void validate_audit(const Judge& judge) {
  const std::string& deployment = judge.config.audit.deployment;
  if (deployment.size() > name_bytes_max || !all_of(deployment, name_characters)) {
    judge.error("audit.deployment", "expected 1 to 64 of a-z, 0-9, _, . and -");
  }
}

}  // namespace portcullis
