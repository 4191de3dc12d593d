#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "audit/inbox.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

using namespace std::chrono_literals;

constexpr int records_each = 200;

// One worker: keeps a few drafts in flight, takes answers when woken.
void work(AuditLog& log, std::vector<std::string>& receipts) {
  std::mutex mutex;
  std::condition_variable woken;
  int wakes = 0;
  const auto queue = log.make_queue([&] {
    const std::lock_guard lock(mutex);
    ++wakes;
    woken.notify_one();
  });
  std::uint64_t submitted = 0;
  std::uint64_t answered = 0;
  std::set<std::uint64_t> tickets;
  while (answered < records_each) {
    while (submitted < records_each && submitted < answered + 8) {
      const bool allow = submitted % 2 == 0;
      queue->submit(decision(allow ? Effect::allow : Effect::deny), submitted++);
      queue->submit_unawaited(change());
    }
    std::unique_lock lock(mutex);
    woken.wait(lock, [&] { return wakes > 0; });
    wakes = 0;
    lock.unlock();
    for (const Committed& answer : queue->take()) {
      ++answered;
      EXPECT_TRUE(tickets.insert(answer.ticket).second);
      ASSERT_TRUE(answer.receipt.has_value());
      EXPECT_EQ(answer.clearance.has_value(), answer.ticket % 2 == 0);
      receipts.push_back(answer.receipt->text());
    }
  }
}

TEST(Concurrency, EveryWorkerGetsItsOwnAnswersOnce) {
  Site site;
  site.options.segment_bytes_max = 64 << 10;
  auto log = site.must_open();
  site.stream_key_file();
  std::vector<std::vector<std::string>> receipts(4);
  std::vector<std::thread> workers;
  for (auto& own : receipts) {
    workers.emplace_back([&log, &own] { work(*log, own); });
  }
  std::thread prober([&log] {
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(log->healthy());
  });
  for (std::thread& worker : workers) worker.join();
  prober.join();
  ASSERT_TRUE(log->close().has_value());
  for (const auto& own : receipts) {
    site.receipts.insert(site.receipts.end(), own.begin(), own.end());
  }
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_EQ(report.decisions, 4u * records_each);
}

TEST(Concurrency, AFailureAnswersEveryWaiter) {
  Site site;
  FaultyFileSystem files({Op::sync, 12, 5, FaultyFileSystem::How::fails});
  auto opened = site.open_with(files);
  ASSERT_TRUE(opened.has_value());
  AuditLog& log = **opened;
  std::vector<std::thread> workers;
  std::atomic<int> cleared_after_failure{0};
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const bool failed_before = !log.healthy();
        const auto answers = submit_all(log, {decision(Effect::allow), outcome()});
        EXPECT_EQ(answers.size(), 2u);
        if (failed_before && answers[0].clearance) ++cleared_after_failure;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(cleared_after_failure, 0);
  EXPECT_FALSE(log.close().has_value());
  ASSERT_EQ(site.failures.size(), 1u);
  EXPECT_TRUE(site.failures[0].starts_with("cannot sync ")) << site.failures[0];
  EXPECT_NE(site.failures[0].find(".jsonl: "), std::string::npos) << site.failures[0];
}

TEST(Concurrency, AQueueMayGoBeforeItsAnswersCome) {
  Site site;
  auto log = site.must_open();
  for (int i = 0; i < 50; ++i) {
    std::atomic<int> wakes{0};
    auto queue = log->make_queue([&wakes] { ++wakes; });
    queue->submit(decision(Effect::allow), 1);
  }
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(site.verify().decisions, 50u);
}

TEST(Inbox, IsBoundedInRecordsAndBytes) {
  Inbox few(2);
  EXPECT_TRUE(few.put({change(), 0, nullptr}));
  EXPECT_TRUE(few.put({change(), 0, nullptr}));
  EXPECT_FALSE(few.put({change(), 0, nullptr}));
  std::vector<Pending> out;
  EXPECT_TRUE(few.drain(out, std::chrono::milliseconds(0)));
  EXPECT_EQ(out.size(), 2u);
  EXPECT_TRUE(few.put({change(), 0, nullptr}));
  few.close();
  EXPECT_FALSE(few.put({change(), 0, nullptr}));
  EXPECT_TRUE(few.drain(out, std::chrono::milliseconds(0)));
  EXPECT_FALSE(few.drain(out, std::chrono::milliseconds(0)));

  Inbox large(1000);
  const std::string half(100u << 20, 'x');
  EXPECT_TRUE(large.put({Draft(RecordType::change, half), 0, nullptr}));
  EXPECT_TRUE(large.put({Draft(RecordType::change, half), 0, nullptr}));
  EXPECT_FALSE(large.put({Draft(RecordType::change, half), 0, nullptr}));
}

TEST(Inbox, LeavesASleepingWriterAsleepUntilItIsWoken) {
  Inbox inbox(10);
  std::vector<Pending> out;
  auto drained = std::async(std::launch::async, [&] { return inbox.drain(out, 1h); });
  while (!inbox.is_writer_asleep()) std::this_thread::yield();
  EXPECT_TRUE(inbox.put({change(), 0, nullptr}));
  EXPECT_TRUE(inbox.put({change(), 1, nullptr}));
  EXPECT_TRUE(inbox.is_writer_asleep());
  inbox.wake();
  EXPECT_TRUE(drained.get());
  EXPECT_EQ(out.size(), 2u);
}

TEST(Inbox, AWriterThatNobodyWakesLooksForItself) {
  Inbox inbox(10);
  std::vector<Pending> out;
  auto drained = std::async(std::launch::async, [&] {
    while (inbox.drain(out, 20ms) && out.empty()) continue;
  });
  while (!inbox.is_writer_asleep()) std::this_thread::yield();
  EXPECT_TRUE(inbox.put({change(), 0, nullptr}));
  drained.get();
  EXPECT_EQ(out.size(), 1u);
}

TEST(CommitQueue, AnswersWhatIsSubmittedQuietly) {
  Site site;
  auto log = site.must_open();
  std::mutex mutex;
  std::condition_variable woken;
  const auto queue = log->make_queue([&] {
    const std::lock_guard lock(mutex);
    woken.notify_one();
  });
  for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
    queue->submit_quietly(decision(Effect::allow), ticket);
  }
  queue->wake_writer();
  std::vector<Committed> answers;
  while (answers.size() < 20) {
    for (Committed& answer : queue->take()) answers.push_back(std::move(answer));
    std::unique_lock lock(mutex);
    woken.wait_for(lock, 10ms);
  }
  for (std::uint64_t ticket = 0; ticket < 20; ++ticket) {
    EXPECT_EQ(answers[ticket].ticket, ticket);
    EXPECT_TRUE(answers[ticket].clearance.has_value());
  }
}

TEST(CommitQueue, IsRefusedAtOnceWhenFull) {
  Site site;
  site.options.queue_records_max = 0;
  auto log = site.must_open();
  int wakes = 0;
  const auto queue = log->make_queue([&wakes] { ++wakes; });
  queue->submit(decision(Effect::allow), 7);
  EXPECT_EQ(wakes, 1);
  const auto answers = queue->take();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].ticket, 7u);
  EXPECT_EQ(answers[0].failure, Reason::audit_unavailable);
  EXPECT_FALSE(answers[0].clearance.has_value());
}

}  // namespace
}  // namespace portcullis::audit
