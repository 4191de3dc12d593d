// Work on numbered items by several threads, whose results are taken in the order of the items.
//
// Workers run at most a few items ahead, so that memory is bounded however slow the consumer is.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace portcullis::audit {

template <class Result>
class OrderedWork {
 public:
  struct Plan {
    std::size_t items = 0;
    std::size_t threads = 1;
    std::function<Result(std::size_t)> work;  // on any of the threads
  };
  explicit OrderedWork(Plan plan) : plan_(std::move(plan)) {
    const std::size_t threads = std::min(std::max<std::size_t>(plan_.threads, 1), plan_.items);
    ahead_max_ = 4 * threads;
    for (std::size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { run(); });
  }
  ~OrderedWork() {
    for (std::thread& worker : workers_) worker.join();
  }
  OrderedWork(const OrderedWork&) = delete;
  OrderedWork& operator=(const OrderedWork&) = delete;

  // The result of the next item; nullopt: not yet, after `patience`. Exactly `items` results must
  // be taken.
  std::optional<Result> take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const bool there =
        changed_.wait_for(lock, patience, [this] { return results_.contains(taken_); });
    if (!there) return std::nullopt;
    auto node = results_.extract(taken_++);
    changed_.notify_all();
    return std::move(node.mapped());
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return next_ >= plan_.items || next_ < taken_ + ahead_max_; });
      if (next_ >= plan_.items) return;
      const std::size_t item = next_++;
      lock.unlock();
      Result result = plan_.work(item);
      lock.lock();
      results_.emplace(item, std::move(result));
      changed_.notify_all();
    }
  }

  Plan plan_;
  std::size_t ahead_max_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Result> results_;  // guarded by mutex_
  std::size_t next_ = 0;                   // guarded by mutex_
  std::size_t taken_ = 0;                  // guarded by mutex_
  std::vector<std::thread> workers_;
};

}  // namespace portcullis::audit
