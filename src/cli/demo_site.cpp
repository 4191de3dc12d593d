#include "cli/demo_site.h"

#include <filesystem>
#include <fstream>

#include "audit/keystore.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "base/uuid.h"

namespace portcullis::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view policy_text =
    R"(# Who may send what. `portcullis policy check policy.yaml` checks it; kill -HUP reloads it.
apiVersion: portcullis/v1
kind: PolicySet
metadata: {name: demo, sequence: 1}
models:
  demo: {names: [demo-model, gpt-4o-mini], region: local}
rules:
  - id: permit-staff
    effect: permit
    match: {subject.kind: person, subject.employment: [employee], action: [chat, list_models]}
    data_within: [contact]
  - id: redact-personal-identifiers
    effect: require
    match: {data.classes: {any_of: [pii, personal_eu, phi, npi]}}
    obligations: [{type: redact, classes: [pii, personal_eu, phi, npi]}]
  - id: forbid-secrets
    effect: forbid
    tier: hard
    match: {data.classes: {any_of: [secret]}}
  - id: forbid-cards
    effect: forbid
    tier: hard
    match: {data.classes: {any_of: [pci]}}
)";

std::string people_text(const DemoSite& site) {
  return "# The people who may be behind a token, by the identity provider's immutable key.\n"
         "people:\n"
         "  - id: anna.berg\n"
         "    employment: employee\n"
         "    groups: [underwriting]\n"
         "    identities: [{issuer: \"" +
         site.issuer() + "\", key: f3a9-anna}]\n";
}

std::string config_text(const DemoSite& site) {
  const std::string port = std::to_string(site.port);
  const std::string model = std::to_string(site.model_port);
  return "# A demo deployment; config/portcullis.yaml in the source tree explains every key.\n"
         "listen: {address: \"127.0.0.1:" +
         port +
         "\", workers: 1}\n"
         "identity:\n"
         "  issuers:\n"
         "    - {issuer: \"" +
         site.issuer() +
         "\", profile: keycloak, audience: [portcullis]}\n"
         "  directory: {file: people.yaml}\n"
         "upstreams:\n"
         "  - {name: demo-model, url: \"http://127.0.0.1:" +
         model +
         "\"}\n"
         "routes:\n"
         "  - {path: \"/v1/*\", upstream: demo-model, surface: openai}\n"
         "policy: {file: policy.yaml}\n"
         "log: {level: warning}\n"
         "audit:\n"
         "  directory: audit\n"
         "  keys: keys\n"
         "  # A demo may live on a file system on which a sync means little; a deployment must "
         "not.\n"
         "  allow_filesystem: [tmpfs, overlay]\n";
}

Result<void> write_file(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return failure(Cause::io, "cannot write " + path);
  return {};
}

}  // namespace

Result<void> write_site(const DemoSite& site) {
  std::error_code error;
  fs::create_directories(site.audit_directory(), error);
  if (error) return failure(Cause::io, "cannot create " + site.audit_directory());
  if (!fs::exists(site.keys_directory() + "/signing.pem")) {
    const Result<void> made = audit::init_keys(site.keys_directory(), audit::EscrowPair::generate);
    if (!made) return made;
  }
  const std::string policy = site.directory + "/policy.yaml";
  if (!fs::exists(policy)) {
    const Result<void> written = write_file(policy, policy_text);
    if (!written) return written;
  }
  // The embedded servers' ports change from run to run.
  const Result<void> people = write_file(site.directory + "/people.yaml", people_text(site));
  if (!people) return people;
  return write_file(site.config_file(), config_text(site));
}

std::string make_token(const DemoSite& site, const DemoToken& token, const JwsSigningKey& key) {
  const RealClock clock;
  const std::int64_t now = clock.wall_seconds();
  const std::int64_t issued = token.lifetime_s < 0 ? now + token.lifetime_s - 600 : now;
  std::string claims;
  JsonWriter json(claims);
  json.begin_object();
  json.string("iss", site.issuer());
  json.string("sub", token.subject);
  json.string("aud", token.audience);
  json.string("typ", "Bearer");
  json.string("azp", "demo-app");
  json.integer("iat", issued);
  json.integer("exp", now + token.lifetime_s);
  json.string("jti", uuid_v7(clock.wall()));
  if (token.service_account) {
    json.string("preferred_username", "service-account-nightly");
  } else {
    json.string("sid", "demo-session");
  }
  json.end_object();
  return sign_access_token(claims, key);
}

}  // namespace portcullis::cli
