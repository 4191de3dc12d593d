#include "enforce/admit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace portcullis {
namespace {

bool matches(const RouteSection& route, std::string_view path) {
  std::string_view pattern = route.path;
  if (!pattern.ends_with('*')) return path == pattern;
  pattern.remove_suffix(1);
  return path.starts_with(pattern);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

}  // namespace

bool is_directory_stale(const Snapshot& snapshot, std::int64_t now) {
  const std::int64_t age_max = snapshot.config->identity.directory_age_max.count();
  return snapshot.directory && age_max > 0 && now - snapshot.directory_time > age_max;
}

OrDenial<void> find_route(Inquiry& inquiry) {
  const auto& routes = inquiry.snapshot->config->routes;
  const auto route = std::find_if(routes.begin(), routes.end(), [&](const RouteSection& candidate) {
    return matches(candidate, inquiry.head.path);
  });
  if (route == routes.end()) return deny(Reason::path_unknown, "no route matches this path");
  inquiry.route = &*route;
  inquiry.upstream = inquiry.snapshot->find_upstream(route->upstream);
  return {};
}

OrDenial<PresentedToken> find_token(const Inquiry& inquiry) {
  const std::string name = lower(inquiry.route->identity_header);
  const std::string* value = inquiry.head.find(name);
  if (value == nullptr || value->empty()) {
    return deny(Reason::token_missing, "an access token is needed in the header " + name);
  }
  std::string_view token = *value;
  constexpr std::string_view scheme = "bearer ";
  const bool has_scheme = lower(token.substr(0, scheme.size())) == scheme;
  if (has_scheme) token.remove_prefix(scheme.size());
  if (!has_scheme && name == "authorization") {
    return deny(Reason::token_malformed, "the authorization scheme is not Bearer");
  }
  const std::size_t bytes_max = inquiry.snapshot->identity.token_bytes_max;
  if (token.size() > bytes_max) {
    return deny(Reason::token_too_large,
                "the token is larger than " + std::to_string(bytes_max) + " bytes");
  }
  return PresentedToken(token);
}

bool is_cached(const Inquiry& inquiry, const PresentedToken& token, TokenCache& cache) {
  return cache.find(token.digest(), inquiry.snapshot->keys) != nullptr;
}

OrDenial<void> identify(Inquiry& inquiry, const PresentedToken& token, TokenCache& cache) {
  const Snapshot& snapshot = *inquiry.snapshot;
  const VerifiedToken* verified = cache.find(token.digest(), snapshot.keys);
  if (verified == nullptr) {
    OrDenial<VerifiedToken> fresh = verify_token(token.text(), snapshot.identity, snapshot.keys);
    if (!fresh) return tl::unexpected<Denial>(fresh.error());
    cache.put(*fresh, snapshot.keys);
    verified = cache.find(fresh->evidence.digest, snapshot.keys);
    if (verified == nullptr) return deny(Reason::internal, "the token cache lost an entry");
  }
  // A token that proves nobody is still evidence of who was not proved.
  inquiry.who = Identified{};
  inquiry.who->subject.issuer = verified->evidence.issuer;
  inquiry.who->token = verified->evidence;
  if (!snapshot.keys[verified->issuer].usable) {
    return deny(Reason::issuer_unavailable, "the issuer's keys are too old to be trusted");
  }
  if (is_directory_stale(snapshot, inquiry.now)) {
    return deny(Reason::directory_stale,
                "the directory of people is older than identity.directory.age_max allows");
  }
  OrDenial<Identified> who =
      resolve_subject(*verified, snapshot.identity, snapshot.directory.get(), inquiry.now);
  if (!who) return tl::unexpected<Denial>(who.error());
  inquiry.who = std::move(*who);
  return {};
}

OrDenial<void> admit(Inquiry& inquiry) {
  const RequestHead& head = inquiry.head;
  OrDenial<EndpointMatch> match = find_endpoint(inquiry.route->surface, head.method, head.path);
  if (!match) return tl::unexpected<Denial>(match.error());
  inquiry.endpoint = *match;
  if (match->has_body != head.has_body()) {
    return deny(Reason::http_malformed, match->has_body ? "this path needs a body" : "a body here");
  }
  if (!match->has_body) return {};
  const std::string* type = head.find("content-type");
  std::string media = lower(type == nullptr ? "" : type->substr(0, type->find(';')));
  media.erase(media.find_last_not_of(" \t") + 1);
  if (media != "application/json") {
    return deny(Reason::media_type_unsupported, "the body must be application/json");
  }
  return {};
}

std::string source_network(std::string_view address) {
  // A socket that listens on both families shows IPv4 callers so: one network for all of them would
  // let any of them use up the others' share.
  constexpr std::string_view mapped = "::ffff:";
  const std::string text(address.starts_with(mapped) ? address.substr(mapped.size()) : address);
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return text.substr(0, text.rfind('.')) + ".0/24";
  }
  if (inet_pton(AF_INET6, std::string(address).c_str(), bytes.data()) == 1) {
    std::fill(bytes.begin() + 6, bytes.end(), std::uint8_t{0});
    char out[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
    return std::string(out) + "/48";
  }
  return "unknown";
}

}  // namespace portcullis
