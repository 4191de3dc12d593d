// A token from anyone, judged against an issuer whose private key nobody has: it may be refused and
// nothing else. The claims behind a good signature come from the input too.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "identity/jws_sign.h"
#include "portcullis/identity.h"

namespace portcullis {
namespace {

constexpr std::int64_t now = 1'800'000'000;

struct Issuer {
  IdentityRules rules;
  JwsSigningKey key = JwsSigningKey::generate(JwsAlgorithm::es256, "e1");
  std::vector<IssuerKeys> keys;

  Issuer() {
    rules.issuers.push_back({.issuer = "https://id.example.com",
                             .profile = IdentityProfile::keycloak,
                             .audience = {"portcullis"},
                             .groups_claim = "groups"});
    keys.push_back({KeySet::parse("{\"keys\":[" + key.public_jwk() + "]}").value(), 1, true});
  }
};

void require(bool good) {
  if (!good) std::abort();
}

void resolve(const VerifiedToken& token, const Issuer& issuer) {
  const auto who = resolve_subject(token, issuer.rules, nullptr, now);
  if (!who) {
    require(who.error().reason != Reason::none);
    return;
  }
  require(who->subject.kind == SubjectKind::person && who->subject.proof == Proof::profile);
  require(!who->subject.key.empty() && who->token.expires > now - 60);
}

}  // namespace
}  // namespace portcullis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis;
  static const Issuer issuer;
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  // As a whole token: without the key there is no good signature.
  require(!verify_token(input, issuer.rules, issuer.keys));

  // As header and claims, divided by the first line break, behind a good signature.
  const std::size_t line = input.find('\n');
  if (line == input.npos) return 0;
  const std::string token =
      sign_compact_jws({input.substr(0, line), input.substr(line + 1)}, issuer.key);
  const auto verified = verify_token(token, issuer.rules, issuer.keys);
  if (verified) resolve(*verified, issuer);
  return 0;
}
