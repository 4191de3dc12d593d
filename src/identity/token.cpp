#include <algorithm>
#include <utility>

#include "base/crypto.h"
#include "identity/claims.h"
#include "identity/jws.h"
#include "identity/key_set.h"
#include "identity/strict_json.h"
#include "identity/verification_key.h"
#include "portcullis/identity.h"

namespace portcullis {
namespace {

using nlohmann::json;

// A token that is read and not verified.
struct Unverified {
  CompactJws jws;
  JoseHeader header;
  json claims;
  std::size_t issuer = 0;
};

OrDenial<Unverified> read_token(std::string_view token, const IdentityRules& rules) {
  if (token.size() > rules.token_bytes_max) {
    return deny(Reason::token_too_large,
                "the token is larger than " + std::to_string(rules.token_bytes_max) + " bytes");
  }
  auto jws = split_compact_jws(token);
  if (!jws) return tl::make_unexpected(jws.error());
  auto header = read_jose_header(jws->header);
  if (!header) return tl::make_unexpected(header.error());
  auto claims = parse_strict_object(jws->payload);
  if (!claims) {
    return deny(Reason::token_malformed, "the token's claims: " + claims.error().message);
  }
  const auto named = read_text(*claims, "iss");
  if (!named.value) return deny(Reason::token_malformed, "the token has no \"iss\"");
  const auto issuer = std::ranges::find(rules.issuers, *named.value, &IssuerRules::issuer);
  if (issuer == rules.issuers.end()) {
    return deny(Reason::token_issuer_unknown, "the token's issuer is not configured");
  }
  const auto index = static_cast<std::size_t>(issuer - rules.issuers.begin());
  return Unverified{std::move(*jws), std::move(*header), std::move(*claims), index};
}

OrDenial<void> check_signature(const Unverified& token, const IssuerRules& issuer,
                               const IssuerKeys& keys) {
  const auto algorithm = jws_algorithm_from_name(token.header.algorithm);
  if (!algorithm ||
      std::ranges::find(issuer.algorithms, token.header.algorithm) == issuer.algorithms.end()) {
    return deny(Reason::token_algorithm,
                "the token's algorithm is not one that its issuer may use");
  }
  if (keys.keys == nullptr || !keys.usable) {
    return deny(Reason::issuer_unavailable, "there are no current keys of the token's issuer");
  }
  const VerificationKey* key = keys.keys->keys().find(token.header.key_id);
  if (key == nullptr) {
    return deny(Reason::token_key_unknown, "the token's issuer has no key with this \"kid\"");
  }
  if (key->algorithm != *algorithm) {
    return deny(Reason::token_algorithm, "the token's algorithm does not fit the key it names");
  }
  if (!verify_signature(*key, token.jws.signing_input, token.jws.signature)) {
    return deny(Reason::token_signature, "the token's signature is wrong");
  }
  return {};
}

// `aud` is one string or an array of strings (RFC 7519 section 4.1.3); absent is an empty list.
std::optional<std::vector<std::string>> read_audience(const json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return std::vector<std::string>{};
  if (found->is_string()) return std::vector{found->get<std::string>()};
  if (!found->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json& item : *found) {
    if (!item.is_string()) return std::nullopt;
    out.push_back(item.get<std::string>());
  }
  return out;
}

OrDenial<TokenEvidence> read_evidence(std::string_view token, const Unverified& parsed) {
  TokenEvidence out;
  out.issuer = parsed.claims["iss"].get<std::string>();
  out.key_id = parsed.header.key_id;
  const auto expires = read_date(parsed.claims, "exp");
  if (!expires.value) {
    return deny(Reason::token_malformed, "the token's \"exp\" is missing or not an integer date");
  }
  out.expires = *expires.value;
  auto audience = read_audience(parsed.claims);
  if (!audience) {
    return deny(Reason::token_malformed, "the token's \"aud\" is not a string or a list of them");
  }
  out.audience = std::move(*audience);
  const auto token_id = read_text(parsed.claims, "jti");
  if (token_id.present && (!token_id.value || !is_identifier(*token_id.value))) {
    return deny(Reason::token_malformed, "the token's \"jti\" is not an identifier");
  }
  out.token_id = token_id.value.value_or("");
  out.digest = sha256(token);
  return out;
}

}  // namespace

OrDenial<TokenHint> peek_token(std::string_view token, const IdentityRules& rules) {
  auto parsed = read_token(token, rules);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return TokenHint{parsed->issuer, std::move(parsed->header.key_id)};
}

OrDenial<VerifiedToken> verify_token(std::string_view token, const IdentityRules& rules,
                                     const std::vector<IssuerKeys>& keys) {
  auto parsed = read_token(token, rules);
  if (!parsed) return tl::make_unexpected(parsed.error());
  const IssuerRules& issuer = rules.issuers[parsed->issuer];
  const IssuerKeys none;
  const IssuerKeys& own = parsed->issuer < keys.size() ? keys[parsed->issuer] : none;
  if (const auto good = check_signature(*parsed, issuer, own); !good) {
    return tl::make_unexpected(good.error());
  }
  auto evidence = read_evidence(token, *parsed);
  if (!evidence) return tl::make_unexpected(evidence.error());
  auto claims = std::make_shared<const VerifiedToken::Claims>(std::move(parsed->claims),
                                                              std::move(parsed->header.type));
  return VerifiedToken{parsed->issuer, std::move(*evidence), std::move(claims)};
}

}  // namespace portcullis
