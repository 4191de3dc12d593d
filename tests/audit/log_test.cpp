#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

// The writer's next sync waits until it is released.
class BlockingFileSystem final : public ForwardingFileSystem {
 public:
  int sync(int file) override {
    std::unique_lock lock(mutex_);
    waits_ = blocked_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !blocked_; });
    return ForwardingFileSystem::sync(file);
  }
  void block() {
    const std::lock_guard lock(mutex_);
    blocked_ = true;
  }
  void wait_until_blocked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waits_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    blocked_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool blocked_ = false;
  bool waits_ = false;
};

TEST(AuditLog, RecordsWhatItClears) {
  Site site;
  auto log = site.must_open();
  site.stream_key_file();
  auto answers = submit_all(*log, {decision(Effect::allow), decision(Effect::deny), outcome()});
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_TRUE(answers[0].clearance.has_value());
  EXPECT_FALSE(answers[1].clearance.has_value());
  EXPECT_FALSE(answers[2].clearance.has_value());
  for (const Committed& answer : answers) {
    ASSERT_TRUE(answer.receipt.has_value());
    EXPECT_EQ(answer.failure, Reason::none);
    site.receipts.push_back(answer.receipt->text());
  }
  EXPECT_EQ(answers[0].clearance->receipt().text(), site.receipts[0]);
  ASSERT_TRUE(log->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(report.fault_count, 0u);
  EXPECT_EQ(report.records, 6u);  // open, three, checkpoint, seal
  EXPECT_EQ(report.decisions, 2u);
  EXPECT_EQ(report.outcomes, 1u);
  EXPECT_EQ(report.open_decisions, 0u);
  EXPECT_EQ(report.streams.at(0).stream, log->stream());
  EXPECT_TRUE(report.streams.at(0).sealed);
}

TEST(AuditLog, RefusesDraftsAfterItIsClosed) {
  Site site;
  auto log = site.must_open();
  ASSERT_TRUE(log->close().has_value());
  const auto answers = submit_all(*log, {decision(Effect::allow)});
  EXPECT_EQ(answers.at(0).failure, Reason::audit_unavailable);
  EXPECT_FALSE(answers.at(0).clearance.has_value());
  EXPECT_FALSE(log->commit(change()).has_value());
}

TEST(AuditLog, RefusesASecondWriter) {
  Site site;
  auto log = site.must_open();
  const auto second = site.open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().cause, Cause::exists);
  EXPECT_TRUE(log->commit(change()).has_value());
}

TEST(AuditLog, ContinuesTheStreamInANewSegmentAndEpoch) {
  Site site;
  for (int start = 0; start < 3; ++start) {
    auto log = site.must_open();
    site.stream_key_file();
    const auto receipt = log->commit(change());
    ASSERT_TRUE(receipt.has_value());
    EXPECT_EQ(receipt->epoch, static_cast<std::uint64_t>(start));
    site.receipts.push_back(receipt->text());
  }
  EXPECT_EQ(segment_paths(site.log_directory()).size(), 3u);
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(report.streams.at(0).segments, 3u);
}

TEST(AuditLog, RollsBySizeAndKeepsOneTree) {
  Site site;
  site.options.segment_bytes_max = 4096;
  {
    auto log = site.must_open();
    site.stream_key_file();
    for (int i = 0; i < 40; ++i) {
      const auto receipt = log->commit(change(std::to_string(i)));
      ASSERT_TRUE(receipt.has_value());
      site.receipts.push_back(receipt->text());
    }
  }
  EXPECT_GT(segment_paths(site.log_directory()).size(), 4u);
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

TEST(AuditLog, RollsByAge) {
  Site site;
  auto log = site.must_open();
  ASSERT_TRUE(log->commit(change()).has_value());
  site.clock.advance(site.options.segment_age_max);
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(segment_paths(site.log_directory()).size(), 2u);
}

TEST(AuditLog, AnOldKeyDoesNotSurviveARoll) {
  Site site;
  site.options.segment_bytes_max = 1024;
  auto log = site.must_open();
  const std::string first_key = read_text(site.stream_key_file()).substr(0, 64);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  for (const auto& entry : std::filesystem::directory_iterator(site.log_directory())) {
    EXPECT_EQ(read_text(entry.path()).find(first_key), std::string::npos) << entry.path();
  }
}

TEST(AuditLog, ADecisionTooLargeIsDeniedAndLeavesAMinimalRecord) {
  Site site;
  site.options.record_bytes_max = 4096;
  auto log = site.must_open();
  const auto answers =
      submit_all(*log, {decision(Effect::allow, std::string(4096, 'x')), decision(Effect::allow)});
  EXPECT_EQ(answers[0].failure, Reason::record_too_large);
  EXPECT_FALSE(answers[0].clearance.has_value());
  EXPECT_TRUE(answers[0].receipt.has_value());
  EXPECT_TRUE(answers[1].clearance.has_value());
  ASSERT_TRUE(log->close().has_value());
  const std::string text = read_text(segment_paths(site.log_directory()).at(0));
  EXPECT_NE(text.find("\"decision\":{\"effect\":\"deny\",\"reason\":\"record_too_large\"}"),
            std::string::npos);
  EXPECT_EQ(site.verify().fault_count, 0u) << problems(site.verify());
}

TEST(AuditLog, WhatCannotStandInALineIsNotRecorded) {
  const std::string bad[] = {"\n", std::string(1, '\0'), "\xff", "\xed\xa0\x80", "\x1f"};
  Site site;
  auto log = site.must_open();
  for (const std::string& text : bad) {
    const auto answers = submit_all(*log, {decision(Effect::allow, "12345678" + text)});
    EXPECT_EQ(answers[0].failure, Reason::internal);
    EXPECT_FALSE(answers[0].clearance.has_value());
    EXPECT_FALSE(answers[0].receipt.has_value());
  }
  EXPECT_TRUE(log->commit(change("after \xc3\xa9")).has_value());
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(site.verify().fault_count, 0u) << problems(site.verify());
}

TEST(AuditLog, TimeNeverGoesBackSilently) {
  Site site;
  auto log = site.must_open();
  site.stream_key_file();
  ASSERT_TRUE(log->commit(change()).has_value());
  site.clock.step_wall(std::chrono::hours(-2));
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  site.clock.step_wall(std::chrono::hours(-2));
  log.reset();
  log = site.must_open();
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(std::count_if(report.notes.begin(), report.notes.end(),
                          [](const std::string& note) {
                            return note.find("clock was set back") != std::string::npos;
                          }),
            2);
}

TEST(AuditLog, AnUnlinkedOrReplacedFileIsFatalWithinOneBatch) {
  enum class Attack { remove, replace, move_directory };
  for (const Attack attack : {Attack::remove, Attack::replace, Attack::move_directory}) {
    Site site;
    auto log = site.must_open();
    ASSERT_TRUE(log->commit(change()).has_value());
    const std::string path = segment_paths(site.log_directory()).at(0);
    switch (attack) {
      case Attack::remove:
        std::filesystem::remove(path);
        break;
      case Attack::replace:
        std::filesystem::copy(path, path + ".new");
        std::filesystem::rename(path + ".new", path);
        break;
      case Attack::move_directory:
        std::filesystem::rename(site.log_directory(), site.log_directory() + ".gone");
        break;
    }
    const auto answers = submit_all(*log, {decision(Effect::allow)});
    EXPECT_EQ(answers[0].failure, Reason::audit_unavailable);
    EXPECT_FALSE(answers[0].clearance.has_value());
    EXPECT_FALSE(log->healthy());
    EXPECT_FALSE(log->close().has_value());
    EXPECT_EQ(site.failures.size(), 1u);
  }
}

TEST(AuditLog, DeniesBeforeTheDiskIsFullAndResumes) {
  Site site;
  site.options.reserve_bytes_min = 1000;
  FaultyFileSystem files({Op::write, 0});
  files.free_bytes = 1000;
  auto opened = site.open_with(files);
  ASSERT_TRUE(opened.has_value());
  AuditLog& log = **opened;
  EXPECT_TRUE(log.healthy());
  ASSERT_TRUE(log.commit(change()).has_value());
  files.free_bytes = 999;
  site.clock.advance(std::chrono::seconds(2));
  auto answers = submit_all(log, {decision(Effect::allow), decision(Effect::deny), outcome()});
  EXPECT_FALSE(log.healthy());
  EXPECT_EQ(answers[0].failure, Reason::audit_unavailable);
  EXPECT_FALSE(answers[0].clearance.has_value());
  EXPECT_EQ(answers[1].failure, Reason::audit_unavailable);
  EXPECT_TRUE(answers[2].receipt.has_value());  // what was admitted can be brought to an end
  files.free_bytes = 1000;
  site.clock.advance(std::chrono::seconds(2));
  answers = submit_all(log, {decision(Effect::allow)});
  EXPECT_TRUE(answers[0].clearance.has_value());
  EXPECT_TRUE(log.healthy());
  ASSERT_TRUE(log.close().has_value());
  EXPECT_EQ(site.verify().fault_count, 0u);
}

TEST(AuditLog, CountsWhatNobodyWaitedForAndFoundNoRoom) {
  Site site;
  site.options.queue_records_max = 4;
  BlockingFileSystem files;
  auto log = *site.open_with(files);
  site.stream_key_file();
  const auto queue = log->make_queue([] {});
  files.block();
  queue->submit_unawaited(change("first"));
  files.wait_until_blocked();
  for (int i = 0; i < 10; ++i) queue->submit_unawaited(change());
  files.release();
  ASSERT_TRUE(log->close().has_value());
  const std::string text = read_text(segment_paths(site.log_directory()).at(0));
  EXPECT_NE(text.find("\"type\":\"shed\",\"rows\":[{\"reason\":\"audit_unavailable\",\"source\":"
                      "\"audit queue\",\"count\":6}]"),
            std::string::npos)
      << text;
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
}

TEST(AuditLog, RefusesFileSystemsWithoutADiskUnlessNamed) {
  if (!std::filesystem::exists("/dev/shm")) GTEST_SKIP();
  Site site;
  std::string pattern = "/dev/shm/portcullis-XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  site.options.directory = pattern;
  site.options.allow_filesystem = {};
  const auto refused = site.open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().cause, Cause::unsupported);
  EXPECT_NE(refused.error().message.find("tmpfs"), std::string::npos);
  site.options.allow_filesystem = {"tmpfs"};
  EXPECT_TRUE(site.open().has_value());
  std::filesystem::remove_all(pattern);
}

TEST(AuditLog, NeedsItsKeysBeforehandAndPrivate) {
  struct Row {
    const char* name;
    std::function<void(Site&)> spoil;
    Cause cause;
  };
  const Row rows[] = {
      {"no signing key", [](Site& s) { std::filesystem::remove(s.path("signing.pem")); },
       Cause::not_found},
      {"readable signing key",
       [](Site& s) {
         std::filesystem::permissions(s.path("signing.pem"), std::filesystem::perms(0640));
       },
       Cause::untrusted},
      {"readable evidence key",
       [](Site& s) {
         std::filesystem::permissions(s.path("evidence.key"), std::filesystem::perms(0604));
       },
       Cause::untrusted},
      {"short evidence key", [](Site& s) { write_text(s.path("evidence.key"), "ee\n"); },
       Cause::invalid},
      {"signing key is no key", [](Site& s) { write_text(s.path("signing.pem"), "x"); },
       Cause::invalid},
      {"escrow key is no RSA key",
       [](Site& s) { s.options.escrow_public_key_file = s.path("signing.pub"); }, Cause::invalid},
      {"no directory", [](Site& s) { s.options.directory += "/none"; }, Cause::io},
      {"deployment", [](Site& s) { s.options.deployment = "a b"; }, Cause::invalid},
      {"record size", [](Site& s) { s.options.record_bytes_max = (1u << 20) + 1; }, Cause::invalid},
  };
  for (const Row& row : rows) {
    Site site;
    row.spoil(site);
    const auto log = site.open();
    ASSERT_FALSE(log.has_value()) << row.name;
    EXPECT_EQ(log.error().cause, row.cause) << row.name << ": " << log.error().message;
  }
}

TEST(Draft, OnlyMakeDraftRendersADecision) {
  for (const RecordType type : {RecordType::decision, RecordType::open, RecordType::checkpoint,
                                RecordType::recovered, RecordType::clock_step, RecordType::seal}) {
    EXPECT_DEATH(Draft(type, "\"effect\":\"allow\""), "");
  }
  EXPECT_EQ(decision(Effect::allow).effect(), Effect::allow);
  EXPECT_NE(decision(Effect::allow).members().find("\"decision\":{\"effect\":\"allow\""),
            std::string::npos);
  EXPECT_EQ(outcome().effect(), Effect::deny);
}

}  // namespace
}  // namespace portcullis::audit
