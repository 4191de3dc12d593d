// Every file operation of the log x every way to fail x every call: nobody is released for a record
// that is not on disk, nothing is retried, and what was acknowledged is there after the next start.
#include <cerrno>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

using How = FaultyFileSystem::How;

struct FaultKind {
  How how;
  int error;
};
constexpr FaultKind faults[] = {{How::fails, EIO},
                                {How::fails, ENOSPC},
                                {How::fails_but_persists, EIO},
                                {How::short_write, 0},
                                {How::interrupted, EINTR}};

struct Trial {
  std::vector<std::string> acknowledged;
  bool opened = false;
  bool failed = false;  // some draft was refused
  bool closed = false;
};

void submit(Trial& trial, AuditLog& log) {
  for (const Committed& answer : submit_all(log, {decision(Effect::allow), outcome()})) {
    if (answer.receipt) trial.acknowledged.push_back(answer.receipt->text());
    if (answer.failure == Reason::none) continue;
    trial.failed = true;
    EXPECT_FALSE(answer.receipt || answer.clearance);
  }
  if (trial.failed) EXPECT_EQ(log.healthy(), false);
}

// Begins or continues a stream; commits over a few segments, with checkpoints by the clock and on
// demand, while sealed segments are compressed; closes.
Trial run(Site& site, FaultyFileSystem& files) {
  Trial result;
  site.options.compress_sealed = true;
  auto opened = site.open_with(files);
  if (!opened) return result;
  result.opened = true;
  for (const auto pause : {0, 1, 61, 0}) {
    site.clock.advance(std::chrono::seconds(pause));
    submit(result, **opened);
  }
  const bool signed_now = (*opened)->checkpoint_now().has_value();
  EXPECT_FALSE(signed_now && result.failed);
  result.failed = result.failed || !signed_now;
  result.closed = (*opened)->close().has_value();
  EXPECT_FALSE(result.closed && result.failed);
  return result;
}

// Whether the log can go on after this kind of result, by design.
bool is_harmless(Op op, How how) {
  return op == Op::write && (how == How::short_write || how == How::interrupted);
}

// false: the nth call of this kind does not happen any more.
bool check(Op op, FaultKind kind, int nth) {
  Site site;
  site.options.segment_bytes_max = 2500;
  {
    // An earlier run, so that the start, too, is under test.
    auto log = site.must_open();
    site.stream_key_file();
    const auto receipt = log->commit(change());
    EXPECT_TRUE(receipt.has_value());
    site.receipts.push_back(receipt->text());
  }
  FaultyFileSystem files({op, nth, kind.error, kind.how});
  const Trial result = run(site, files);
  if (!files.fired()) return false;
  if (is_harmless(op, kind.how)) {
    EXPECT_TRUE(result.opened && !result.failed);
  } else {
    EXPECT_EQ(files.changes_after(), 0) << "something was retried or went on";
  }
  EXPECT_LE(site.failures.size(), 1u);
  for (const std::string& receipt : result.acknowledged) site.receipts.push_back(receipt);
  auto again = site.open();
  EXPECT_TRUE(again.has_value()) << (again ? "" : again.error().message);
  if (!again) return true;
  const auto receipt = (*again)->commit(change());
  EXPECT_TRUE(receipt.has_value());
  site.receipts.push_back(receipt->text());
  EXPECT_TRUE((*again)->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  return true;
}

class FaultTable : public testing::TestWithParam<Op> {};

TEST_P(FaultTable, NothingIsReleasedThatIsNotOnDisk) {
  const Op op = GetParam();
  for (const FaultKind& kind : faults) {
    if (kind.how == How::short_write && op != Op::write) continue;
    int nth = 1;
    for (; nth < 200; ++nth) {
      SCOPED_TRACE("fault kind " + std::to_string(&kind - faults) + ", call " +
                   std::to_string(nth));
      if (op == Op::facts && nth > 1) break;  // later ones only make the log unhealthy
      if (!check(op, kind, nth)) break;
    }
    EXPECT_GT(nth, 1);
    EXPECT_LT(nth, 200);
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, FaultTable,
                         testing::Values(Op::open, Op::write, Op::sync, Op::truncate, Op::rename,
                                         Op::sync_directory, Op::identify, Op::facts));

// The archivist's failures are nobody else's.
TEST(Faults, WhatFailsInTheBackgroundFailsNoCommit) {
  for (const Op op : all_ops) {
    for (const FaultKind& kind : faults) {
      for (int nth = 1; nth < 3; ++nth) {
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(op)) + ", call " +
                     std::to_string(nth));
        Site site;
        site.options.segment_bytes_max = 2500;
        { auto log = site.must_open(); }
        FaultyFileSystem files(
            {op, nth, kind.error, kind.how, FaultyFileSystem::Plan::Whose::archivist});
        const Trial result = run(site, files);
        EXPECT_TRUE(result.opened && !result.failed && result.closed);
        EXPECT_TRUE(site.failures.empty());
        EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
      }
    }
  }
}

TEST(Faults, AFailedFirstStartCanBeRepeated) {
  for (const Op op : all_ops) {
    for (int nth = 1; nth < 30; ++nth) {
      Site site;
      FaultyFileSystem files({op, nth, EIO, How::fails});
      if (auto opened = site.open_with(files); opened) ASSERT_TRUE((*opened)->close() || true);
      if (!files.fired()) break;
      auto again = site.open();
      ASSERT_TRUE(again.has_value())
          << static_cast<int>(op) << " call " << nth << ": " << again.error().message;
      ASSERT_TRUE((*again)->close().has_value());
      EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
