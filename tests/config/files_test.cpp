#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/config.h"

namespace portcullis {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string pattern = testing::TempDir() + "files_XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Files() override { std::filesystem::remove_all(directory_); }
  std::string write(std::string_view content) const {
    const std::string path = directory_ + "/file";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string directory_;
};

TEST_F(Files, ReadsTheWholeContent) {
  std::string content(200'000, 'x');
  content[100] = '\0';
  EXPECT_EQ(read_file(write(content)).value(), content);
  EXPECT_EQ(read_file(write("")).value(), "");
}

TEST_F(Files, StopsAtTheLimitExactly) {
  EXPECT_TRUE(read_file(write("12345"), 5));
  const auto over = read_file(write("123456"), 5);
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().cause, Cause::limit);
}

TEST_F(Files, RefusesWhatIsNoRegularFileAndDoesNotWaitForIt) {
  EXPECT_EQ(read_file(directory_).error().cause, Cause::invalid);
  EXPECT_EQ(read_file("/dev/zero").error().cause, Cause::invalid);
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(read_file(fifo).error().cause, Cause::invalid);
  EXPECT_EQ(read_file(directory_ + "/absent").error().cause, Cause::not_found);
}

struct Secret {
  std::string_view content;
  std::string_view expected;  // empty: refused
};

TEST_F(Files, ASecretLosesOneLineBreakAndMayHoldNoOther) {
  const Secret table[] = {
      {"key", "key"},  {"key\n", "key"}, {"key\r\n", "key"},       {" key ", " key "},
      {"key\n\n", ""}, {"a\nb", ""},     {"a\rb: c", ""},          {"", ""},
      {"\n", ""},      {"a\tb", ""},     {"\xc3\xa9", "\xc3\xa9"},
  };
  for (const auto& [content, expected] : table) {
    const auto secret = SecretReference{.env = {}, .file = write(content)}.read();
    EXPECT_EQ(secret.value_or(""), expected) << content;
    if (!secret) {
      EXPECT_EQ(secret.error().cause, Cause::invalid);
    }
  }
  const auto nul = SecretReference{.env = {}, .file = write(std::string("a\0b", 3))}.read();
  EXPECT_FALSE(nul);
}

TEST_F(Files, ASecretComesFromTheEnvironmentOrIsMissing) {
  ::setenv("PORTCULLIS_TEST_SECRET", "key", 1);
  EXPECT_EQ((SecretReference{.env = "PORTCULLIS_TEST_SECRET", .file = {}}.read().value()), "key");
  ::setenv("PORTCULLIS_TEST_SECRET", "", 1);
  EXPECT_FALSE((SecretReference{.env = "PORTCULLIS_TEST_SECRET", .file = {}}.read()));
  ::unsetenv("PORTCULLIS_TEST_SECRET");
  const auto missing = SecretReference{.env = "PORTCULLIS_TEST_SECRET", .file = {}}.read();
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "environment variable PORTCULLIS_TEST_SECRET is not set");
}

TEST_F(Files, LoadConfigResolvesPathsAgainstItsOwnDirectory) {
  const std::string path = write(
      "identity: {issuers: [{issuer: 'https://i', audience: [a]}], directory: {file: ../p.yaml}}\n"
      "upstreams: [{name: u, url: 'http://u'}]\n"
      "routes: [{path: /v1/*, upstream: u}]\n"
      "policy: {file: sub/policy.yaml}\n"
      "audit: {directory: /var/audit, keys: keys}\n");
  const auto config = load_config(path);
  ASSERT_TRUE(config) << config.error().front();
  EXPECT_EQ(config->policy_file, directory_ + "/sub/policy.yaml");
  EXPECT_EQ(config->audit.directory, "/var/audit");
  EXPECT_EQ(config->audit.signing_key_file, directory_ + "/keys/signing.pem");
  EXPECT_EQ(config->identity.directory_file,
            (std::filesystem::path(directory_).parent_path() / "p.yaml").string());
}

}  // namespace
}  // namespace portcullis
