#include <algorithm>
#include <set>

#include "config/address.h"
#include "config/sections.h"

namespace portcullis {
namespace {

std::string join(std::span<const std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

// Keys come from here: https, or a host that nobody stands in front of.
void validate_fetched(const Judge& judge, const std::string& path, const std::string& text) {
  const auto url = parse_http_url(text);
  if (!url) {
    judge.error(path, url.error().message);
  } else if (url->scheme != Scheme::https && !is_loopback(*url)) {
    judge.error(path, "expected https://, except on loopback: the keys come from there");
  }
}

void validate_algorithms(const Judge& judge, const std::string& path,
                         const std::vector<std::string>& algorithms) {
  if (algorithms.empty()) judge.error(path, "must not be empty");
  for (std::size_t i = 0; i < algorithms.size(); ++i) {
    const auto found =
        std::find(std::begin(supported_algorithms), std::end(supported_algorithms), algorithms[i]);
    if (found != std::end(supported_algorithms)) continue;
    judge.error(indexed(path, i), "expected one of " + join(supported_algorithms) + ", found " +
                                      quote_for_message(algorithms[i]));
  }
}

void validate_issuer(const Judge& judge, const std::string& path, const IssuerSection& issuer) {
  validate_algorithms(judge, path + ".algorithms", issuer.rules.algorithms);
  if (issuer.rules.types.empty()) judge.error(path + ".types", "must not be empty");
  if (!issuer.jwks_file.empty() && !issuer.jwks_uri.empty()) {
    judge.error(path + ".jwks_uri", "expected at most one of jwks_file and jwks_uri");
  }
  if (!issuer.jwks_file.empty()) {
    if (!issuer.ca_file.empty()) {
      judge.error(path + ".ca_file", "has no use with jwks_file: nothing is fetched");
    }
    return;
  }
  if (!issuer.jwks_uri.empty()) {
    validate_fetched(judge, path + ".jwks_uri", issuer.jwks_uri);
  } else if (!issuer.rules.issuer.empty()) {
    validate_fetched(judge, path + ".issuer", issuer.rules.issuer);
  }
}

}  // namespace

void validate_identity(const Judge& judge) {
  const IdentitySection& identity = judge.config.identity;
  std::set<std::string> issuers;
  for (std::size_t i = 0; i < identity.issuers.size(); ++i) {
    const std::string path = indexed("identity.issuers", i);
    validate_issuer(judge, path, identity.issuers[i]);
    const std::string& name = identity.issuers[i].rules.issuer;
    if (!name.empty() && !issuers.insert(name).second) {
      judge.error(path + ".issuer", "listed twice");
    }
  }
  std::set<std::string> clients;
  for (std::size_t i = 0; i < identity.clients.size(); ++i) {
    const std::string& id = identity.clients[i].id;
    if (!id.empty() && !clients.insert(id).second) {
      judge.error(indexed("identity.clients", i) + ".id", "listed twice");
    }
  }
  if (identity.jwks_age_max <= identity.jwks_refresh) {
    judge.error("identity.jwks_age_max", "expected more than jwks_refresh");
  }
}

}  // namespace portcullis
