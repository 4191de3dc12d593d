// Where drafts wait for the writer, and queues for their answers.
//
// Safe from any thread. Bounded in records and bytes: beyond, a draft is refused at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "portcullis/audit.h"

namespace portcullis::audit {

// One CommitQueue's answers. Shared by the queue and the drafts that it is owed answers for.
class Answers {
 public:
  explicit Answers(std::function<void()> wake) : wake_(std::move(wake)) {}
  // For the writer thread only: stage() any number, then publish() once, which wakes. True for the
  // first one.
  bool stage(Committed&& answer);
  void publish();
  void refuse(std::uint64_t ticket, Reason reason);  // and wakes
  std::vector<Committed> take();
  void detach();  // no wake any more: its owner is gone

 private:
  std::mutex mutex_;
  std::vector<Committed> answers_;  // guarded by mutex_
  std::function<void()> wake_;      // guarded by mutex_
  std::vector<Committed> staged_;   // the writer thread's
};

struct Pending {
  Draft draft;
  std::uint64_t ticket = 0;
  std::shared_ptr<Answers> answers;  // nullptr: nobody waits
};

class Inbox {
 public:
  explicit Inbox(std::size_t records_max) : records_max_(records_max) {}
  // false: full or closed. A writer that sleeps goes on sleeping until wake(), or for its
  // `patience`.
  bool put(Pending&& pending);
  void wake();  // the writer, if it sleeps and there is something for it
  // Waits for drafts, a nudge, closing, or `patience`; then moves everything out. false: closed and
  // empty.
  bool drain(std::vector<Pending>& out, std::chrono::milliseconds patience);
  bool is_writer_asleep();  // for tests
  void nudge();
  // Drafts that nobody waits for and that did not get in.
  void count_dropped() { ++dropped_; }
  std::uint64_t take_dropped() { return dropped_.exchange(0); }
  // Nothing is taken from now on; what waits is still drained.
  void close();

 private:
  const std::size_t records_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Pending> waiting_;  // guarded by mutex_
  std::size_t bytes_ = 0;         // of waiting_; guarded by mutex_
  bool idle_ = false;             // the writer waits; guarded by mutex_
  bool nudged_ = false;           // guarded by mutex_
  bool closed_ = false;           // guarded by mutex_
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace portcullis::audit
