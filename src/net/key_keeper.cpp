#include "net/key_keeper.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "base/crypto.h"
#include "base/log.h"
#include "config/address.h"
#include "net/fetch.h"
#include "net/keys_fetch.h"
#include "net/waiter.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
using SteadyClock = std::chrono::steady_clock;

// GET of one document. HTTPS but for loopback (the configuration has seen to that); no redirect is
// followed.
Task<Result<std::string>> get(const std::string& url, const std::string& ca_file,
                              const IdentitySection& limits) {
  const FetchRequest request{.url = url,
                             .ca_file = ca_file,
                             .accept = "application/json",
                             .timeout = limits.fetch_timeout,
                             .bytes_max = limits.fetch_bytes_max};
  Result<FetchAnswer> answer = co_await fetch(request);
  if (!answer) co_return tl::unexpected<Error>(answer.error());
  if (answer->status != 200) {
    co_return failure(Cause::io, url + " answered " + std::to_string(answer->status));
  }
  co_return std::move(answer->body);
}

// Another party wrote it: it says whom we connect to, and stands in a request line. Providers have
// queries, at signs and escapes in theirs; only scheme, host and port are held to our own rules.
bool is_acceptable_uri(std::string_view uri) {
  const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '#'; };
  if (!std::all_of(uri.begin(), uri.end(), is_plain)) return false;
  const std::size_t origin_end = uri.find_first_of("/?", std::string_view("https://").size());
  const Result<HttpUrl> url = parse_http_url(uri.substr(0, origin_end));
  return url && (url->scheme == Scheme::https || is_loopback(*url));
}

// OpenID Connect Discovery 1.0 section 4.3: the issuer in the document must be exactly ours.
Result<std::string> jwks_uri_of(const std::string& document, const std::string& issuer) {
  const auto json = nlohmann::json::parse(document, nullptr, false);
  const auto text = [&](const char* member) {
    const auto found = json.is_object() ? json.find(member) : json.end();
    return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>()
                                                                         : std::string();
  };
  if (text("issuer") != issuer) {
    return failure(Cause::untrusted, "the discovery document's issuer is not " + issuer);
  }
  std::string uri = text("jwks_uri");
  if (!is_acceptable_uri(uri)) {
    return failure(Cause::untrusted, "the discovery document's jwks_uri is not an https URL");
  }
  return uri;
}

std::string discovery_url(std::string issuer) {
  while (issuer.ends_with('/')) issuer.pop_back();
  return issuer + "/.well-known/openid-configuration";
}

}  // namespace

Task<Result<FetchedKeys>> fetch_key_set(const IssuerSection& issuer,
                                        const IdentitySection& limits) {
  std::string uri = issuer.jwks_uri;
  if (uri.empty()) {
    const std::string url = discovery_url(issuer.rules.issuer);
    const Result<std::string> document = co_await get(url, issuer.ca_file, limits);
    if (!document) co_return tl::unexpected<Error>(document.error());
    Result<std::string> found = jwks_uri_of(*document, issuer.rules.issuer);
    if (!found) co_return tl::unexpected<Error>(found.error());
    uri = std::move(*found);
  }
  const Result<std::string> document = co_await get(uri, issuer.ca_file, limits);
  if (!document) co_return tl::unexpected<Error>(document.error());
  auto keys = KeySet::parse(*document);
  if (!keys) co_return tl::unexpected<Error>(keys.error());
  co_return FetchedKeys{std::move(*keys), sha256(*document)};
}

// Owned by the keeper; touched on the housekeeping thread only.
struct KeyKeeper::Issuer {
  std::size_t index;
  const IssuerSection& section;
  asio::steady_timer refresh_timer;
  asio::steady_timer age_timer;
  IssuerKeys keys;
  Digest digest{};
  SteadyClock::time_point fetched{};                     // of `keys`
  std::optional<SteadyClock::time_point> refetch_began;  // stamped before the fetch
  bool fetching = false;
  std::vector<std::function<void()>> waiting;
};

KeyKeeper::KeyKeeper(asio::io_context& io, std::shared_ptr<const Config> config, Changed changed)
    : io_(io), config_(std::move(config)), changed_(std::move(changed)) {
  for (std::size_t i = 0; i < config_->identity.issuers.size(); ++i) {
    issuers_.push_back(std::unique_ptr<Issuer>(new Issuer{
        .index = i,
        .section = config_->identity.issuers[i],
        .refresh_timer = asio::steady_timer(io_),
        .age_timer = asio::steady_timer(io_),
    }));
  }
}
KeyKeeper::~KeyKeeper() = default;

void KeyKeeper::start() {
  for (const auto& issuer : issuers_) {
    if (!issuer->section.jwks_file.empty()) continue;
    asio::co_spawn(io_, keep_fresh(*issuer), asio::detached);
    asio::co_spawn(io_, watch_age(*issuer), asio::detached);
  }
}

Task<void> KeyKeeper::keep_fresh(Issuer& issuer) {
  const auto refresh = config_->identity.jwks_refresh;
  // Until there are keys, ask more often: a daemon that starts before its issuer should not wait
  // long.
  const auto retry = std::min<std::chrono::seconds>(refresh, std::chrono::seconds(5));
  while (true) {
    co_await fetch(issuer);
    issuer.refresh_timer.expires_after(issuer.keys.usable ? refresh : retry);
    co_await issuer.refresh_timer.async_wait(as_values);
  }
}

// Apart from the fetches, for one of them may hang while the keys grow too old. Keys that come
// while this waits are younger than the wait, so that none are overslept.
Task<void> KeyKeeper::watch_age(Issuer& issuer) {
  while (true) {
    const auto since = issuer.keys.usable ? issuer.fetched : SteadyClock::now();
    issuer.age_timer.expires_at(since + config_->identity.jwks_age_max);
    co_await issuer.age_timer.async_wait(as_values);
    expire(issuer);
  }
}

Task<void> KeyKeeper::fetch(Issuer& issuer) {
  if (issuer.fetching) co_return;
  issuer.fetching = true;
  auto fetched = co_await fetch_key_set(issuer.section, config_->identity);
  issuer.fetching = false;
  const auto now = SteadyClock::now();  // not later: to record a change takes time
  if (fetched) {
    const bool same = issuer.keys.usable && fetched->digest == issuer.digest;
    const IssuerKeys fresh{fetched->keys, issuer.keys.generation + 1, true};
    const bool adopted = same || changed_({issuer.index, fresh, fetched->digest});
    if (adopted) issuer.fetched = now;
    if (adopted && !same) {
      issuer.keys = fresh;
      issuer.digest = fetched->digest;
    }
  } else {
    log::warning("keys of issuer " + issuer.section.rules.issuer +
                 " cannot be fetched: " + fetched.error().message);
  }
  for (const auto& done : std::exchange(issuer.waiting, {})) done();
}

void KeyKeeper::expire(Issuer& issuer) {
  const bool old = SteadyClock::now() - issuer.fetched >= config_->identity.jwks_age_max;
  if (!issuer.keys.usable || !old) return;
  log::error("keys of issuer " + issuer.section.rules.issuer +
             " are older than identity.jwks_age_max: its tokens are refused");
  issuer.keys.usable = false;
  changed_({issuer.index, issuer.keys, issuer.digest});
  issuer.refresh_timer.cancel();  // there is more hurry now
}

void KeyKeeper::refetch(std::size_t index, std::function<void()> done) {
  asio::post(io_, [this, index, done = std::move(done)] {
    Issuer& issuer = *issuers_[index];
    if (!issuer.section.jwks_file.empty()) return done();
    if (issuer.fetching) {
      issuer.waiting.push_back(done);
      return;
    }
    const auto now = SteadyClock::now();
    if (issuer.refetch_began && now - *issuer.refetch_began < config_->identity.jwks_cooldown) {
      return done();
    }
    issuer.refetch_began = now;
    issuer.waiting.push_back(done);
    asio::co_spawn(io_, fetch(issuer), asio::detached);
  });
}

Result<std::vector<IssuerKeys>> fetch_issuer_keys_once(const Config& config, std::size_t index) {
  const IssuerSection& issuer = config.identity.issuers[index];
  Result<std::shared_ptr<const KeySet>> keys = failure(Cause::internal, "not fetched");
  if (!issuer.jwks_file.empty()) {
    keys = read_file(issuer.jwks_file, config.identity.fetch_bytes_max).and_then(&KeySet::parse);
  } else {
    asio::io_context io(1);
    asio::co_spawn(io, fetch_key_set(issuer, config.identity),
                   [&](std::exception_ptr thrown, auto fetched) {
                     if (thrown) return;
                     keys = fetched.map([](const FetchedKeys& found) { return found.keys; });
                   });
    io.run();
  }
  if (!keys) return failure(keys.error().cause, issuer.rules.issuer + ": " + keys.error().message);
  std::vector<IssuerKeys> all(config.identity.issuers.size());
  all[index] = IssuerKeys{*keys, 1, true};
  return all;
}

}  // namespace portcullis
