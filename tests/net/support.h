// A real connection over the loopback interface, both ends in this thread, and coroutines run to
// their end.
//
// Single-threaded. Lifetimes: readers and coroutines must not outlive the Wire.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_reader.h"
#include "net/transport.h"

namespace portcullis::test {

class Wire {
 public:
  Wire() {
    Tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    peer.connect(acceptor.local_endpoint());
    ours = make_plain_transport(acceptor.accept());
    peer.set_option(Tcp::no_delay(true));
  }

  // As the other end. Each piece is delivered before the next one is sent.
  void send(std::string_view bytes) {
    asio::write(peer, asio::buffer(bytes.data(), bytes.size()));
    io.restart();
    io.poll();
  }
  void finish() { peer.shutdown(Tcp::socket::shutdown_send); }

  // Starts a coroutine; its result is there once it has ended.
  template <class T>
  std::shared_ptr<std::optional<T>> start(Task<T> task) {
    auto result = std::make_shared<std::optional<T>>();
    asio::co_spawn(io, std::move(task), [result](const std::exception_ptr& thrown, T value) {
      EXPECT_FALSE(thrown) << "a coroutine threw";
      result->emplace(std::move(value));
    });
    io.restart();
    io.poll();
    return result;
  }
  template <class T>
  T wait(const std::shared_ptr<std::optional<T>>& result) {
    io.restart();
    while (!result->has_value() && io.run_one() > 0) continue;
    EXPECT_TRUE(result->has_value()) << "it waits for ever";
    return result->has_value() ? std::move(**result) : T{};
  }
  template <class T>
  T run(Task<T> task) {
    return wait(start(std::move(task)));
  }

  asio::io_context io{1};
  Tcp::socket peer{io};
  std::unique_ptr<Transport> ours;
};

// What a reader made of one request.
struct ReadRequest {
  std::string head_code;  // "none", "closed", or the reason's code
  std::string body_code;
  RequestHead head;
  std::string body;
  std::string detail;
  bool done = false;
};

inline Task<ReadRequest> read_request(RequestReader& reader, MemoryLease& memory) {
  ReadRequest out;
  const OrDenial<RequestReader::Next> next = co_await reader.read_head(out.head);
  if (!next) {
    out.head_code = reason_code(next.error().reason);
    out.detail = next.error().detail;
    co_return out;
  }
  out.head_code = *next == RequestReader::Next::closed ? "closed" : "none";
  if (*next == RequestReader::Next::closed) co_return out;
  const OrDenial<std::string> body = co_await reader.read_body(memory);
  out.body_code = body ? "none" : reason_code(body.error().reason);
  if (body) out.body = *body;
  if (!body) out.detail = body.error().detail;
  out.done = reader.is_done();
  co_return out;
}

struct ReadAnswer {
  AnswerStatus status = AnswerStatus::cut;
  AnswerHead head;
  std::string body;
  bool reusable = false;
};

inline Task<ReadAnswer> read_answer(AnswerReader& reader) {
  ReadAnswer out;
  const AnswerStatus head_status = co_await reader.read_head(out.head);
  out.status = head_status;
  if (head_status == AnswerStatus::more) {
    const AnswerStatus status = co_await reader.read_all(out.body);
    out.status = status;
  }
  out.reusable = reader.is_reusable();
  co_return out;
}

}  // namespace portcullis::test
