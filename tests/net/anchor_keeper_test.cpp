// The keeper on its own thread, with a log and targets of the test's making. An interval of zero
// makes it look all the time, so that a test waits for looks, not for a clock.
#include "net/anchor_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>

namespace portcullis {
namespace {

// Counts records; a checkpoint and an anchor are one each.
class CountedLog {
 public:
  AnchorLog seen() {
    return {[this] { return checkpoint(); }, [this](Draft draft) { return commit(draft); },
            [this] { return look(); }};
  }
  void add_records(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    size_ += count;
  }
  // Until the keeper has looked often enough to have done what there was to do.
  void await_looks() {
    std::unique_lock lock(mutex_);
    const std::uint64_t enough = looks_ + 20;
    looked_.wait(lock, [&] { return looks_ >= enough; });
  }
  std::vector<std::uint64_t> checkpoints() {
    const std::lock_guard lock(mutex_);
    return checkpoints_;
  }
  std::vector<std::string> anchors() {
    const std::lock_guard lock(mutex_);
    return anchors_;
  }
  // From now on look() says what it said last, as a file that is written once a second does.
  void hide_size() {
    const std::lock_guard lock(mutex_);
    hidden_ = size_;
  }
  std::atomic<bool> broken{false};

 private:
  std::uint64_t look() {
    const std::lock_guard lock(mutex_);
    ++looks_;
    looked_.notify_all();
    return hidden_.value_or(size_);
  }
  Result<SignedCheckpoint> checkpoint() {
    look();
    if (broken) return failure(Cause::io, "poisoned");
    const std::lock_guard lock(mutex_);
    checkpoints_.push_back(size_);
    return SignedCheckpoint{size_++, "note " + std::to_string(checkpoints_.back())};
  }
  Result<Receipt> commit(const Draft& draft) {
    if (broken) return failure(Cause::io, "poisoned");
    const std::lock_guard lock(mutex_);
    anchors_.push_back(draft.members());
    ++size_;
    return Receipt();
  }

  std::mutex mutex_;
  std::condition_variable looked_;
  std::uint64_t size_ = 10;
  std::optional<std::uint64_t> hidden_;
  std::uint64_t looks_ = 0;
  std::vector<std::uint64_t> checkpoints_;
  std::vector<std::string> anchors_;
};

AnchorTarget target(const std::string& name, std::atomic<int>& failures_left) {
  return {name, std::chrono::seconds(0),
          [name, &failures_left](const SignedCheckpoint& now) -> Task<Result<Draft>> {
            std::string members = name + " " + now.note;
            if (failures_left-- > 0) co_return failure(Cause::io, "not now");
            co_return Draft(RecordType::anchor, std::move(members));
          }};
}

TEST(AnchorKeeper, AnchorsWhatOthersWroteAndNotItsOwnRecords) {
  CountedLog log;
  std::atomic<int> failures{0};
  std::vector<AnchorTarget> targets{target("a", failures)};
  AnchorKeeper keeper(log.seen(), std::move(targets));
  keeper.start();
  log.await_looks();
  EXPECT_EQ(log.checkpoints(), std::vector<std::uint64_t>{10});
  log.add_records(1);
  log.await_looks();
  EXPECT_EQ(log.checkpoints(), (std::vector<std::uint64_t>{10, 13}));
  EXPECT_EQ(log.anchors(), (std::vector<std::string>{"a note 10", "a note 13"}));
  ASSERT_EQ(keeper.status().size(), 1u);
  EXPECT_EQ(keeper.status()[0].good, 2u);
  EXPECT_EQ(keeper.status()[0].failed, 0u);
  EXPECT_TRUE(keeper.status()[0].age.has_value());
  keeper.finish();
  EXPECT_EQ(log.anchors().size(), 2u);
}

TEST(AnchorKeeper, FailuresAreCountedAndTriedAgainWithTheSameNote) {
  CountedLog log;
  std::atomic<int> good{0}, bad{3};
  std::vector<AnchorTarget> targets{target("bad", bad), target("good", good)};
  AnchorKeeper keeper(log.seen(), std::move(targets));
  keeper.start();
  log.await_looks();
  EXPECT_EQ(log.checkpoints(), std::vector<std::uint64_t>{10});
  EXPECT_EQ(log.anchors(), (std::vector<std::string>{"good note 10", "bad note 10"}));
  EXPECT_EQ(keeper.status()[0].failed, 3u);
  EXPECT_EQ(keeper.status()[0].good, 1u);
  EXPECT_EQ(keeper.status()[1].failed, 0u);
  keeper.finish();
}

TEST(AnchorKeeper, AnchorsTheRestAtTheEnd) {
  CountedLog log;
  std::atomic<int> failures{0};
  std::vector<AnchorTarget> targets{target("a", failures)};
  targets[0].every = std::chrono::hours(1);
  targets.push_back(targets[0]);
  AnchorKeeper keeper(log.seen(), std::move(targets));
  keeper.start();
  while (log.anchors().size() < 2) std::this_thread::yield();
  log.hide_size();
  log.add_records(5);
  keeper.finish();
  EXPECT_EQ(log.checkpoints(), (std::vector<std::uint64_t>{10, 18}));
  EXPECT_EQ(log.anchors(),
            (std::vector<std::string>{"a note 10", "a note 10", "a note 18", "a note 18"}));
}

TEST(AnchorKeeper, AnchorsNothingAtTheEndIfAllIsAnchored) {
  CountedLog log;
  std::atomic<int> failures{0};
  std::vector<AnchorTarget> targets{target("a", failures)};
  AnchorKeeper keeper(log.seen(), std::move(targets));
  keeper.start();
  log.await_looks();
  keeper.finish();
  EXPECT_EQ(log.anchors(), std::vector<std::string>{"a note 10"});
}

TEST(AnchorKeeper, OutlivesALogThatFails) {
  CountedLog log;
  log.broken = true;
  std::atomic<int> failures{0};
  std::vector<AnchorTarget> targets{target("a", failures)};
  AnchorKeeper keeper(log.seen(), std::move(targets));
  keeper.start();
  log.await_looks();
  keeper.finish();
  EXPECT_EQ(keeper.status()[0].good, 0u);
  EXPECT_GT(keeper.status()[0].failed, 0u);
  EXPECT_FALSE(keeper.status()[0].age.has_value());
}

TEST(AnchorKeeper, EndsWithoutAWordIfItIsOnlyDestroyed) {
  CountedLog log;
  std::atomic<int> failures{0};
  {
    std::vector<AnchorTarget> targets{target("a", failures)};
    targets[0].ask = [](const SignedCheckpoint&) -> Task<Result<Draft>> {
      const auto executor = co_await asio::this_coro::executor;
      asio::steady_timer never(executor, std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
      co_return failure(Cause::io, "never");
    };
    targets.push_back(target("b", failures));
    AnchorKeeper keeper(log.seen(), std::move(targets));
    keeper.start();
    log.await_looks();
  }
  EXPECT_EQ(log.anchors(), std::vector<std::string>{"b note 10"});
}

}  // namespace
}  // namespace portcullis
