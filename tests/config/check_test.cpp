// portcullis check against a whole installation in a directory, and against each way to break it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/checkpoint.h"
#include "audit/escrow.h"
#include "base/crypto.h"
#include "cli/command.h"

namespace portcullis {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view config_text = R"(
identity:
  issuers: [{issuer: "https://id.example.com", audience: [portcullis], jwks_file: jwks.json}]
  directory: {file: people.yaml}
upstreams:
  - {name: gateway, url: "http://127.0.0.1:4000", credential: {header: Authorization, value_from: {file: secret}}}
routes: [{path: /v1/*, upstream: gateway}]
policy: {file: policy.yaml}
audit: {directory: audit, keys: keys, allow_filesystem: [overlay, tmpfs]}
)";

constexpr std::string_view policy_text = R"(
apiVersion: portcullis/v1
kind: PolicySet
metadata: {name: acme, sequence: 3}
models:
  general: {names: [gpt-4o]}
rules:
  - id: permit-staff
    effect: permit
    match: {subject.kind: person}
    data_within: [contact]
)";

// RFC 7517 appendix A.1, the elliptic key.
constexpr std::string_view jwks_text = R"({"keys":[{"kty":"EC","crv":"P-256","use":"sig","kid":"1",
"x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]})";

// One for all tests: making 3072 bits takes a second.
const std::string& escrow_pem() {
  static const std::string pem = audit::EscrowPrivateKey::generate()->public_pem().value();
  return pem;
}

class Check : public testing::Test {
 protected:
  Check() {
    std::string pattern = testing::TempDir() + "check_XXXXXX";
    home_ = std::string(::mkdtemp(pattern.data())) + "/";
    std::filesystem::create_directories(home_ + "audit");
    std::filesystem::create_directories(home_ + "keys");
    write("p.yaml", config_text);
    write("policy.yaml", policy_text);
    write("people.yaml",
          "people:\n  - {id: ada, groups: [staff], employment: employee, identities: [{issuer: "
          "\"https://id.example.com\", key: ada}]}\n");
    write("jwks.json", jwks_text);
    write("secret", "sk-do-not-print\n");
    write("keys/signing.pem", signing_.to_pem());
    write("keys/evidence.key", std::string(64, 'a') + "\n");
    write("keys/escrow.pub", escrow_pem());
  }
  ~Check() override { std::filesystem::remove_all(home_); }

  void write(const std::string& name, std::string_view content) const {
    std::ofstream(home_ + name, std::ios::binary) << content;
    ::chmod((home_ + name).c_str(), 0600);
  }

  void make_certificate(const std::string& certificate, const std::string& key) const {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        " -subj /CN=test -days 1 -out " +
        home_ + certificate + " -keyout " + home_ + key + " 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    ASSERT_EQ(::pclose(pipe), 0);
    ::chmod((home_ + key).c_str(), 0600);
  }

  int run(std::vector<std::string> extra = {}) {
    CLI::App app;
    int exit_code = -1;
    cli::add_check(app, exit_code);
    std::vector<std::string> arguments = {"check", "--config", home_ + "p.yaml"};
    arguments.insert(arguments.end(), extra.begin(), extra.end());
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    testing::internal::CaptureStdout();
    app.parse(arguments);
    output_ = testing::internal::GetCapturedStdout();
    return exit_code;
  }

  const SigningKey signing_ = SigningKey::generate();
  std::string home_;
  std::string output_;
};

TEST_F(Check, AGoodInstallationPassesAndNoSecretIsPrinted) {
  EXPECT_EQ(run(), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("OK       configuration "));
  EXPECT_THAT(output_, HasSubstr("acme, sequence 3, 1 rules"));
  EXPECT_THAT(output_, HasSubstr("people.yaml: 1 people"));
  EXPECT_THAT(output_, HasSubstr("jwks.json: 1 keys"));
  EXPECT_THAT(output_, HasSubstr("OK       audit.keys: signing key"));
  EXPECT_THAT(output_, Not(HasSubstr("ERROR")));
  EXPECT_THAT(output_, Not(HasSubstr("sk-do-not-print")));
}

TEST_F(Check, JsonSaysTheSame) {
  EXPECT_EQ(run({"--json"}), 0);
  const auto good = nlohmann::json::parse(output_);
  EXPECT_EQ(good.at("valid"), true);
  EXPECT_GT(good.at("checks").size(), 7u);
  std::filesystem::remove(home_ + "secret");
  EXPECT_EQ(run({"--json"}), 1);
  EXPECT_EQ(nlohmann::json::parse(output_).at("valid"), false);
}

TEST_F(Check, AConfigurationThatCannotBeReadIsExit1) {
  write("p.yaml", "listen: [\n");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("ERROR    " + home_ + "p.yaml:2:1: "));
  std::filesystem::remove(home_ + "p.yaml");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("No such file"));
}

struct Breakage {
  std::string name;
  std::string content;  // empty: the file is removed
  std::string error;
};

TEST_F(Check, EachThingThatIsNamedIsRead) {
  const Breakage table[] = {
      {"policy.yaml", "", "ERROR    policy.file: "},
      {"policy.yaml", "rules: []\n", "policy.yaml:"},
      {"people.yaml", "", "ERROR    identity.directory.file: "},
      {"people.yaml", "people: [{id: a, id: b}]\n", "people.yaml:1:18: duplicate key \"id\""},
      {"jwks.json", "", "ERROR    jwks_file "},
      {"jwks.json", "{}", "ERROR    jwks_file "},
      {"jwks.json", R"({"keys":[]})", "ERROR    jwks_file "},
      {"secret", "", "ERROR    upstream gateway: secret for Authorization: "},
      {"secret", "a\nb\n", "has control characters inside"},
      {"keys/signing.pem", "", "ERROR    audit.keys: signing key: "},
      {"keys/signing.pem", "x", "ERROR    audit.keys: signing key: "},
      {"keys/evidence.key", "", "ERROR    audit.keys: evidence key: "},
      {"keys/evidence.key", "short", "ERROR    audit.keys: evidence key: "},
      {"keys/escrow.pub", "", "ERROR    audit.keys: escrow key: "},
      {"keys/escrow.pub", "x", "ERROR    audit.keys: escrow key: "},
  };
  for (const auto& [name, content, error] : table) {
    const std::filesystem::path path = home_ + name;
    const std::filesystem::path kept = home_ + "kept";
    std::filesystem::copy_file(path, kept, std::filesystem::copy_options::overwrite_existing);
    content.empty() ? static_cast<void>(std::filesystem::remove(path)) : write(name, content);
    EXPECT_EQ(run(), 1) << name;
    EXPECT_THAT(output_, HasSubstr(error)) << name;
    std::filesystem::copy_file(kept, path, std::filesystem::copy_options::overwrite_existing);
    ::chmod(path.c_str(), 0600);
  }
  EXPECT_EQ(run(), 0) << "the table must put everything back: " << output_;
}

TEST_F(Check, SecretsThatOthersMayReadAreErrors) {
  for (const char* name : {"keys/signing.pem", "keys/evidence.key"}) {
    ::chmod((home_ + name).c_str(), 0640);
    EXPECT_EQ(run(), 1) << name;
    EXPECT_THAT(output_, HasSubstr("its mode must be 0600"));
    ::chmod((home_ + name).c_str(), 0600);
  }
}

TEST_F(Check, TheTlsFilesMustExistAndTheKeyMustBePrivate) {
  write("p.yaml",
        std::string(config_text) + "listen: {tls: {certificate: c.pem, private_key: k.pem}}\n");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("ERROR    listen.tls: "));
  make_certificate("c.pem", "k.pem");
  EXPECT_EQ(run(), 0) << output_;
  ::chmod((home_ + "k.pem").c_str(), 0644);
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("its mode must be 0600"));
  make_certificate("other.pem", "k.pem");
  EXPECT_EQ(run(), 1) << "a key of another certificate";
  EXPECT_THAT(output_, HasSubstr("ERROR    listen.tls: "));
}

TEST_F(Check, CertificatesOfUpstreamsAreRead) {
  std::string text(config_text);
  text.replace(text.find("\"http://127.0.0.1:4000\""), 23, "\"https://a\", ca_file: ca.pem");
  write("p.yaml", text);
  write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("ERROR    ca_file of upstream gateway"));
  make_certificate("ca.pem", "k.pem");
  EXPECT_EQ(run(), 0) << output_;
}

TEST_F(Check, TheAuditDirectoryMustExist) {
  std::filesystem::remove(home_ + "audit");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("audit: does not exist"));
  write("audit", "a file");
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("audit: is not a directory"));
}

TEST_F(Check, AFileSystemThatForgetsMustBeAllowed) {
  const std::string memory = "/dev/shm";
  if (!std::filesystem::exists(memory)) GTEST_SKIP();
  std::string text(config_text);
  text.replace(text.find("directory: audit,"), 17, "directory: " + memory + ",");
  write("p.yaml", text);
  EXPECT_EQ(run(), 0) << output_;
  text.erase(text.find(", tmpfs"), 7);
  write("p.yaml", text);
  EXPECT_EQ(run(), 1) << output_;
  EXPECT_THAT(output_, HasSubstr("/dev/shm is on tmpfs"));
}

TEST_F(Check, TheSigningKeyMustBeTheLogs) {
  write("audit/checkpoint", audit::sign_checkpoint({"acme/1", 7, {}}, signing_));
  EXPECT_EQ(run(), 0) << output_;
  write("keys/signing.pem", SigningKey::generate().to_pem());
  EXPECT_EQ(run(), 1) << output_;
  EXPECT_THAT(output_, HasSubstr("ERROR    audit.directory"));
  EXPECT_THAT(output_, HasSubstr("cannot be continued"));
}

TEST_F(Check, AStaleDirectoryIsAnError) {
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
  std::filesystem::last_write_time(home_ + "people.yaml", old);
  EXPECT_EQ(run(), 1);
  EXPECT_THAT(output_, HasSubstr("older than identity.directory.age_max"));
}

TEST_F(Check, AnUnknownDataClassInThePolicyIsAnError) {
  std::string text(policy_text);
  text.replace(text.find("[contact]"), 9, "[contcat]");
  write("policy.yaml", text);
  EXPECT_EQ(run(), 1) << output_;
  EXPECT_THAT(output_, HasSubstr("policy.yaml:11:"));
}

TEST_F(Check, AGenericIssuerWithoutADirectoryIsAWarning) {
  std::string text(config_text);
  const std::string directory = "  directory: {file: people.yaml}\n";
  write("p.yaml", text.erase(text.find(directory), directory.size()));
  EXPECT_EQ(run(), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("WARNING  issuer https://id.example.com: profile generic"));
}

}  // namespace
}  // namespace portcullis
