#include "audit/keystore.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>

#include <filesystem>

#include "audit/escrow.h"
#include "audit/input.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777;
}

TEST(Keystore, MakesAllThatALogNeedsAndNothingPublicIsSecret) {
  Site site;
  const std::string keys = site.path("keys");
  ASSERT_TRUE(init_keys(keys, EscrowPair::generate).has_value());
  EXPECT_EQ(mode_of(keys), 0700u);
  for (const char* secret : {"signing.pem", "evidence.key", "escrow.pem"}) {
    EXPECT_EQ(mode_of(keys + '/' + secret), 0600u) << secret;
  }
  site.options.signing_key_file = keys + "/signing.pem";
  site.options.evidence_key_file = keys + "/evidence.key";
  site.options.escrow_public_key_file = keys + "/escrow.pub";
  auto log = site.must_open();
  EXPECT_EQ(log->evidence_key(), *load_hex_secret(keys + "/evidence.key"));
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());

  VerifyOptions options;
  options.directories = {site.log_directory()};
  options.public_key_file = keys + "/signing.pub";
  options.escrow_key_file = keys + "/escrow.pem";
  const VerifyReport report = verify_log(options);
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(report.not_checked.size(), 1u);
  EXPECT_EQ(report.streams.at(0).public_key, read_public_key(keys)->hex);

  // Another escrow key opens nothing, and says so.
  const auto other = EscrowPrivateKey::generate();
  write_text(keys + "/escrow.pem", *other->private_pem());
  EXPECT_EQ(verify_log(options).exit, VerifyExit::cannot);
}

TEST(Keystore, OverwritesNothing) {
  for (const char* name : {"signing.pem", "signing.pub", "evidence.key"}) {
    TemporaryDirectory home;
    write_text(home.path() + '/' + name, "precious");
    const auto made = init_keys(home.path(), EscrowPair::leave_to_auditors);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().cause, Cause::exists);
    EXPECT_EQ(read_text(home.path() + '/' + name), "precious");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(home.path()), {}), 1);
  }
}

TEST(Keystore, LeavesEscrowToTheAuditors) {
  TemporaryDirectory home;
  ASSERT_TRUE(init_keys(home.path() + "/new", EscrowPair::leave_to_auditors).has_value());
  EXPECT_FALSE(std::filesystem::exists(home.path() + "/new/escrow.pub"));
  EXPECT_FALSE(std::filesystem::exists(home.path() + "/new/escrow.pem"));
}

TEST(Escrow, RefusesShortAndForeignKeys) {
  EvpKey small(EVP_RSA_gen(2048));
  EXPECT_FALSE(EscrowPublicKey::from_pem("", "x").has_value());
  const auto ed25519 = public_key_pem(SigningKey::generate().public_key());
  EXPECT_FALSE(EscrowPublicKey::from_pem(*ed25519, "x").has_value());
  BIO* bio = BIO_new(BIO_s_mem());
  ASSERT_EQ(PEM_write_bio_PUBKEY(bio, small.get()), 1);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  const std::string pem(data, static_cast<std::size_t>(length));
  BIO_free(bio);
  const auto refused = EscrowPublicKey::from_pem(pem, "x");
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("3072"), std::string::npos);
}

}  // namespace
}  // namespace portcullis::audit
