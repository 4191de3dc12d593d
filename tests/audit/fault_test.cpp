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

struct Run {
  std::vector<std::string> acknowledged;
  bool opened = false;
  bool failed = false;  // some draft was refused
};

// Begins or continues a stream, commits one by one over a few segments, closes.
Run run(Site& site, FaultyFileSystem& files) {
  Run result;
  auto opened = site.open_with(files);
  if (!opened) return result;
  result.opened = true;
  for (int i = 0; i < 6; ++i) {
    auto answers = submit_all(**opened, {decision(Effect::allow), outcome()});
    for (const Committed& answer : answers) {
      if (answer.receipt) result.acknowledged.push_back(answer.receipt->text());
      if (answer.failure == Reason::none) continue;
      result.failed = true;
      EXPECT_FALSE(answer.receipt || answer.clearance);
    }
    if (result.failed) EXPECT_EQ((*opened)->healthy(), false);
  }
  const bool closed = (*opened)->close().has_value();
  EXPECT_FALSE(closed && result.failed);
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
  const Run result = run(site, files);
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
