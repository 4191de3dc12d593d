#include "audit/time_stamp.h"

#include <gtest/gtest.h>

#include "support.h"
#include "test_authority.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view note = "acme/00\n42\nroot\n\nsignature\n";
constexpr std::uint64_t nonce = 0x0123456789abcdef;

TimeStampAuthorities trust(const TestAuthority& authority) {
  const TemporaryDirectory directory;
  write_text(directory.path() + "/ca.pem", authority.root_pem());
  auto loaded = TimeStampAuthorities::load({directory.path() + "/ca.pem"});
  if (!loaded) throw std::runtime_error(loaded.error().message);
  return std::move(*loaded);
}

TEST(TimeStamp, IsVerifiedWithItsTimeAndAuthority) {
  const TestAuthority authority;
  const TimeStampAuthorities trusted = trust(authority);
  const Bytes reply = authority.answer(make_time_stamp_request(note, nonce));
  for (const std::optional<std::uint64_t> asked :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(nonce)}) {
    const auto stamp = verify_time_stamp(reply, note, trusted, asked);
    ASSERT_TRUE(stamp.has_value()) << stamp.error().message;
    EXPECT_EQ(stamp->time, "2026-11-22T16:04:01.123000000Z");
    EXPECT_EQ(stamp->seconds, 1'795'363'441);
    EXPECT_EQ(stamp->authority, "CN=Authority of a test");
  }
}

TEST(TimeStamp, StaysGoodAfterTheCertificateExpires) {
  AuthorityOptions options;
  options.not_after = 1'710'000'000;  // long ago
  options.answers_at = 1'709'999'999;
  const TestAuthority authority(options);
  const Bytes reply = authority.answer(make_time_stamp_request(note, nonce));
  const auto stamp = verify_time_stamp(reply, note, trust(authority));
  ASSERT_TRUE(stamp.has_value()) << stamp.error().message;
}

TEST(TimeStamp, OfAnythingElseIsRefused) {
  const TestAuthority authority;
  const TimeStampAuthorities trusted = trust(authority);
  const Bytes reply = authority.answer(make_time_stamp_request(note, nonce));
  const auto other_note = verify_time_stamp(reply, "acme/00\n43\n", trusted);
  ASSERT_FALSE(other_note.has_value());
  EXPECT_EQ(other_note.error().cause, Cause::untrusted);
  const auto other_nonce = verify_time_stamp(reply, note, trusted, nonce + 1);
  ASSERT_FALSE(other_nonce.has_value());
  EXPECT_EQ(other_nonce.error().message, "the time-stamp answers another request");
  const auto other_root = verify_time_stamp(reply, note, trust(TestAuthority()));
  ASSERT_FALSE(other_root.has_value());
  EXPECT_EQ(other_root.error().cause, Cause::untrusted);
}

TEST(TimeStamp, OfACertificateThatMayNotStampIsRefused) {
  struct Case {
    const char* name;
    AuthorityOptions options;
  };
  AuthorityOptions expired, not_yet, weak;
  expired.not_after = expired.answers_at - 1;
  not_yet.not_before = not_yet.answers_at + 1;
  weak.signature_hash = "SHA1";
  std::vector<Case> cases{
      {"expired", expired}, {"not yet valid", not_yet}, {"signed over SHA-1", weak}};
  for (const char* use : {"timeStamping", "critical,serverAuth", "critical,timeStamping,serverAuth",
                          static_cast<const char*>(nullptr)}) {
    cases.push_back({use == nullptr ? "no use" : use, {.extended_key_usage = use}});
  }
  for (const Case& c : cases) {
    const TestAuthority authority(c.options);
    const Bytes reply = authority.answer(make_time_stamp_request(note, nonce));
    ASSERT_FALSE(reply.empty()) << c.name;
    const auto stamp = verify_time_stamp(reply, note, trust(authority));
    ASSERT_FALSE(stamp.has_value()) << c.name;
    EXPECT_EQ(stamp.error().cause, Cause::untrusted) << c.name << stamp.error().message;
  }
}

TEST(TimeStamp, EveryChangedByteIsRefusedOrChangesNothing) {
  const TestAuthority authority;
  const TimeStampAuthorities trusted = trust(authority);
  const Bytes reply = authority.answer(make_time_stamp_request(note, nonce));
  const auto good = verify_time_stamp(reply, note, trusted, nonce);
  ASSERT_TRUE(good.has_value());
  for (std::size_t at = 0; at < reply.size(); ++at) {
    for (const int bit : {0x01, 0x80}) {
      Bytes bad = reply;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ bit);
      const auto stamp = verify_time_stamp(bad, note, trusted, nonce);
      // What is not signed (a status text, an unused attribute) may change; time and signer not.
      if (!stamp) continue;
      EXPECT_EQ(stamp->time, good->time) << at;
      EXPECT_EQ(stamp->authority, good->authority) << at;
    }
    const std::span<const std::uint8_t> cut(reply.data(), at);
    EXPECT_FALSE(verify_time_stamp(cut, note, trusted).has_value()) << at;
  }
  Bytes longer = reply;
  longer.push_back(0);
  EXPECT_FALSE(verify_time_stamp(longer, note, trusted).has_value());
}

TEST(TimeStamp, GarbageIsRefused) {
  const TimeStampAuthorities trusted = trust(TestAuthority());
  const Bytes rejection{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02};  // PKIStatus 2
  const auto rejected = verify_time_stamp(rejection, note, trusted);
  ASSERT_FALSE(rejected.has_value());
  EXPECT_EQ(rejected.error().message, "the authority refused to stamp (status 2)");
  const Bytes no_token{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00};
  EXPECT_FALSE(verify_time_stamp(no_token, note, trusted).has_value());
  for (const Bytes& bad : {Bytes(), Bytes{0x30}, Bytes{0x30, 0x80}, Bytes(100, 0x30),
                           Bytes(time_stamp_reply_bytes_max + 1, 0x30)}) {
    EXPECT_FALSE(verify_time_stamp(bad, note, trusted).has_value());
  }
}

TEST(TimeStampAuthorities, AreReadFromFilesOfCertificates) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/ca.pem";
  const std::string one = TestAuthority().root_pem();
  write_text(path, one + TestAuthority().root_pem());
  EXPECT_TRUE(TimeStampAuthorities::load({path, path}).has_value());
  for (const std::string& bad :
       {std::string(), std::string("hello"), one.substr(0, one.size() / 2),
        one + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    write_text(path, bad);
    EXPECT_FALSE(TimeStampAuthorities::load({path}).has_value()) << bad;
  }
  EXPECT_FALSE(TimeStampAuthorities::load({}).has_value());
  EXPECT_FALSE(TimeStampAuthorities::load({directory.path() + "/none"}).has_value());
}

}  // namespace
}  // namespace portcullis::audit
