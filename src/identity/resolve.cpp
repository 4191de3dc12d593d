#include <algorithm>
#include <utility>

#include "identity/claims.h"
#include "identity/profiles.h"
#include "identity/strict_json.h"
#include "portcullis/identity.h"

namespace portcullis {
namespace {

using nlohmann::json;

std::optional<std::string> known(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

// Whether the issuer says that this is a program and nobody's session.
bool is_service(const json& claims, const ProfileRow& profile, const std::string& key,
                const std::optional<std::string>& client_id) {
  return (client_id && *client_id == key) || has_sign(claims, profile.service_signs);
}

OrDenial<void> resolve_with_directory(const Directory& directory, Subject& subject) {
  const Directory::Person* person = directory.find(subject.issuer, subject.key);
  if (person == nullptr) {
    return deny(Reason::subject_unresolved, "nobody in the directory has the token's identity");
  }
  if (!person->active) {
    return deny(Reason::subject_inactive, "the person behind the token is not active");
  }
  subject.kind = SubjectKind::person;
  subject.proof = Proof::directory;
  subject.id = person->id;
  subject.groups = person->groups;
  subject.employment = person->employment;
  subject.contract_end = person->contract_end;
  subject.guest = person->guest;
  return {};
}

OrDenial<void> resolve_with_profile(const json& claims, const ProfileRow& profile,
                                    Subject& subject) {
  if (profile.person_signs.empty()) {
    return deny(Reason::subject_unresolved,
                "tokens of this issuer's profile (" + std::string(profile.name) +
                    ") cannot prove a person by themselves: a directory is required");
  }
  if (!has_sign(claims, profile.person_signs)) {
    return deny(Reason::subject_unresolved, "the token has no sign of a person (" +
                                                std::string(profile.person_signs.front().claim) +
                                                ") and there is no directory");
  }
  subject.kind = SubjectKind::person;
  subject.proof = Proof::profile;
  subject.id = subject.issuer + '|' + subject.key;
  return {};
}

// Anything but a list of identifiers is unknown, not empty.
std::optional<std::vector<std::string>> read_groups(const json& claims, const std::string& name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_array()) return std::nullopt;
  std::vector<std::string> out;
  for (const json& item : *found) {
    if (!item.is_string()) return std::nullopt;
    const auto& group = item.get_ref<const std::string&>();
    if (!is_identifier(group)) return std::nullopt;
    out.push_back(group);
  }
  return out;
}

Client describe_client(const std::optional<std::string>& id, const IdentityRules& rules) {
  Client out{.id = id};
  if (!id) return out;
  const auto entry = std::ranges::find(rules.clients, *id, &ClientEntry::id);
  if (entry == rules.clients.end()) return out;
  out.kind = known(entry->kind);
  out.purpose = known(entry->purpose);
  return out;
}

OrDenial<Subject> resolve_person(const VerifiedToken& token, const IdentityRules& rules,
                                 const Directory* directory,
                                 const std::optional<std::string>& client_id) {
  const IssuerRules& issuer = rules.issuers[token.issuer];
  const ProfileRow& profile = profile_row(issuer.profile);
  const json& claims = token.claims->members;
  const auto key = read_text(claims, profile.key_claim);
  if (!key.value || !is_identifier(*key.value)) {
    return deny(Reason::token_malformed,
                "the token's \"" + std::string(profile.key_claim) + "\" is not an identifier");
  }
  if (is_service(claims, profile, *key.value, client_id)) {
    return deny(Reason::subject_is_service,
                "the token belongs to a service account, not to a person");
  }
  Subject subject{.issuer = issuer.issuer, .key = *key.value};
  const auto resolved = directory != nullptr ? resolve_with_directory(*directory, subject)
                                             : resolve_with_profile(claims, profile, subject);
  if (!resolved) return tl::make_unexpected(resolved.error());
  if (!issuer.groups_claim.empty()) subject.groups = read_groups(claims, issuer.groups_claim);
  return subject;
}

}  // namespace

OrDenial<Identified> resolve_subject(const VerifiedToken& token, const IdentityRules& rules,
                                     const Directory* directory, std::int64_t now) {
  // INVARIANT: the rules are those that the token was verified with. After a change of
  // configuration an index could mean another issuer; that must never make another person.
  if (token.claims == nullptr || token.issuer >= rules.issuers.size() ||
      rules.issuers[token.issuer].issuer != token.evidence.issuer) {
    return deny(Reason::token_issuer_unknown, "the token's issuer is not configured");
  }
  if (const auto good = check_claims(token, rules, now); !good) {
    return tl::make_unexpected(good.error());
  }
  const auto& client_id = token.claims->client_id;
  if (!client_id) return tl::make_unexpected(client_id.error());
  auto subject = resolve_person(token, rules, directory, *client_id);
  if (!subject) return tl::make_unexpected(subject.error());
  const auto& authenticated = token.claims->authenticated;
  if (authenticated.value && *authenticated.value <= now + rules.clock_skew_s) {
    subject->auth_time = authenticated.value;
  }
  return Identified{std::move(*subject), describe_client(*client_id, rules), token.evidence};
}

}  // namespace portcullis
