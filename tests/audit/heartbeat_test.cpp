// When checkpoints are signed: the file at most once a second, a record once a minute, both only
// while records arrive, and on demand.
#include <chrono>
#include <filesystem>
#include <thread>

#include "audit/checkpoint.h"
#include "audit/input.h"
#include "audit/recover.h"
#include "audit/support.h"
#include "audit/writer.h"

namespace portcullis::audit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Heartbeat : public testing::Test {
 protected:
  Heartbeat() {
    const auto escrow =
        EscrowPublicKey::from_pem(read_text(site.options.escrow_public_key_file), "");
    writer = *Writer::begin(parts(), {"test", *escrow, std::nullopt, std::nullopt});
  }
  Writer::Parts parts() {
    WriterOptions options;
    options.directory = site.log_directory();
    options.segment_bytes_max = 64 << 10;
    options.segment_age_max = std::chrono::hours(1);
    options.record_bytes_max = record_bytes_max;
    return {options, {real_file_system(), site.clock}, *load_signing_key(site.path("signing.pem"))};
  }
  void commit() {
    const Draft draft = change();
    ASSERT_TRUE(writer->commit({&draft, 1}).has_value());
    ASSERT_TRUE(writer->tend().has_value());
  }
  Checkpoint in_file() {
    const auto key = load_public_key(site.path("signing.pub"));
    return *open_checkpoint(read_text(site.log_directory() + "/checkpoint"), *key);
  }
  std::size_t checkpoint_records() {
    const std::string text = read_text(segment_paths(site.log_directory()).back());
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("\"type\":\"checkpoint\"", at)) != text.npos; ++at)
      ++count;
    return count;
  }

  Site site;
  std::unique_ptr<Writer> writer;
};

TEST_F(Heartbeat, TheFileIsRenewedOnceASecondWhileRecordsArrive) {
  EXPECT_EQ(in_file().size, 1u);  // open
  commit();
  EXPECT_EQ(in_file().size, 1u) << "within the second";
  site.clock.advance(milliseconds(999));
  commit();
  EXPECT_EQ(in_file().size, 1u);
  site.clock.advance(milliseconds(1));
  commit();
  EXPECT_EQ(in_file().size, 4u);
  commit();
  EXPECT_EQ(in_file().size, 4u);
  site.clock.advance(seconds(1));
  ASSERT_TRUE(writer->tend().has_value());  // nothing new arrived, but one is not signed yet
  EXPECT_EQ(in_file().size, 5u);
  FileIdentity before;
  FileIdentity after;
  const std::string path = site.log_directory() + "/checkpoint";
  ASSERT_EQ(real_file_system().identify(path, before), 0);
  site.clock.advance(seconds(10));
  ASSERT_TRUE(writer->tend().has_value());
  ASSERT_EQ(real_file_system().identify(path, after), 0);
  EXPECT_EQ(before, after) << "renewed although nothing had arrived";
}

TEST_F(Heartbeat, ARecordOnceAMinuteInWhichRecordsArrived) {
  for (int second = 0; second < 59; ++second) {
    site.clock.advance(seconds(1));
    commit();
  }
  EXPECT_EQ(checkpoint_records(), 0u);
  site.clock.advance(seconds(1));
  commit();
  EXPECT_EQ(checkpoint_records(), 1u);
  for (int minute = 0; minute < 5; ++minute) {
    site.clock.advance(seconds(60));
    ASSERT_TRUE(writer->tend().has_value());
  }
  EXPECT_EQ(checkpoint_records(), 1u) << "nothing arrived";
  commit();
  EXPECT_EQ(checkpoint_records(), 2u);
  ASSERT_TRUE(writer->close().has_value());
  EXPECT_EQ(checkpoint_records(), 3u);
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

TEST_F(Heartbeat, AnAnchorAloneAsksForNoOtherCheckpoint) {
  commit();
  ASSERT_TRUE(writer->checkpoint().has_value());
  const Draft anchor(RecordType::anchor, "\"kind\":\"witness\",\"note\":\"n\"");
  ASSERT_TRUE(writer->commit({&anchor, 1}).has_value());
  site.clock.advance(seconds(120));
  ASSERT_TRUE(writer->tend().has_value());
  EXPECT_EQ(checkpoint_records(), 1u);
  commit();
  EXPECT_EQ(checkpoint_records(), 2u) << "something else arrived";
  commit();
  ASSERT_TRUE(writer->commit({&anchor, 1}).has_value());
  site.clock.advance(seconds(60));
  ASSERT_TRUE(writer->tend().has_value());
  EXPECT_EQ(checkpoint_records(), 3u) << "the anchor does not hide what arrived before it";
}

TEST_F(Heartbeat, WhatIsRecordedIsInTheFileFirst) {
  commit();
  const auto made = writer->checkpoint();
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->size, 2u);
  EXPECT_EQ(made->note, read_text(site.log_directory() + "/checkpoint"));
  EXPECT_EQ(checkpoint_records(), 1u);
  EXPECT_EQ(in_file().size, 2u);
}

TEST(CheckpointNow, IsSignedRecordedAndReturned) {
  Site site;
  auto log = site.must_open();
  site.stream_key_file();
  ASSERT_TRUE(log->commit(change()).has_value());
  const auto first = log->checkpoint_now();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->size, 2u);
  const auto checkpoint = open_checkpoint(first->note, *load_public_key(site.path("signing.pub")));
  ASSERT_TRUE(checkpoint.has_value());
  EXPECT_EQ(checkpoint->size, first->size);
  EXPECT_EQ(log->checkpoint_now()->size, 3u);  // the checkpoint record itself
  ASSERT_TRUE(log->close().has_value());
  EXPECT_FALSE(log->checkpoint_now().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

TEST(CheckpointNow, AnswersEverybodyWhoAsksAtOnce) {
  Site site;
  auto log = site.must_open();
  std::vector<std::thread> askers;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      for (int again = 0; again < 20; ++again) answered += log->checkpoint_now().has_value();
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(answered, 160);
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
}

TEST(CheckpointNow, OfAFailedLogIsAFailure) {
  Site site;
  auto log = site.must_open();
  std::filesystem::remove(segment_paths(site.log_directory()).at(0));
  EXPECT_FALSE(log->checkpoint_now().has_value());
  EXPECT_FALSE(log->healthy());
  EXPECT_FALSE(log->checkpoint_now().has_value());
  EXPECT_FALSE(log->close().has_value());
}

}  // namespace
}  // namespace portcullis::audit
