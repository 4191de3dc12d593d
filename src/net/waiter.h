// One value that a coroutine waits for, with a deadline, while somebody else brings it.
//
// Confined to one io_context: deliver() from another thread must be posted to it.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "net/asio.h"

namespace portcullis {

template <class T>
class Waiter {
 public:
  template <class Executor>
  Waiter(const Executor& executor, std::chrono::milliseconds timeout) : timer_(executor, timeout) {}

  void deliver(T value) {
    value_.emplace(std::move(value));
    timer_.cancel();
  }
  // nullopt: the deadline passed first.
  Task<std::optional<T>> wait() {
    if (!value_) {
      constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
      co_await timer_.async_wait(as_values);
    }
    co_return std::move(value_);
  }

 private:
  asio::steady_timer timer_;
  std::optional<T> value_;
};

}  // namespace portcullis
