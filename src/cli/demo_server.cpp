#include "cli/demo_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "net/http_reader.h"
#include "net/listener.h"

namespace portcullis::cli {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

Task<IoStatus> send(Transport& transport, const std::string& bytes) {
  const asio::const_buffer whole = asio::buffer(bytes);
  const std::span<const asio::const_buffer> buffers(&whole, 1);
  transport.expires_after(std::chrono::seconds(10));
  const IoResult sent = co_await transport.write(buffers);
  co_return sent.status;
}

Task<void> serve(Tcp::socket socket, const DemoServer::Handler& handler,
                 const LimitsSection& limits) {
  const std::unique_ptr<Transport> transport = make_plain_transport(std::move(socket));
  RequestReader reader(*transport, limits);
  MemoryBudget budget({64u << 20, 64u << 20});
  MemoryLease memory(budget);
  IoStatus sent = IoStatus::ok;
  while (sent == IoStatus::ok) {
    RequestHead head;
    const OrDenial<RequestReader::Next> next = co_await reader.read_head(head);
    if (!next || *next == RequestReader::Next::closed) co_return;
    const OrDenial<std::string> body = co_await reader.read_body(memory);
    if (!body) co_return;
    const DemoAnswer answer = handler(head, *body);
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: " + answer.content_type +
                              "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                              "\r\n\r\n" + answer.body;
    const IoStatus answered = co_await send(*transport, reply);
    sent = answered;
  }
}

Task<void> accept_forever(Tcp::acceptor& acceptor, const DemoServer::Handler& handler,
                          const LimitsSection& limits) {
  const auto executor = acceptor.get_executor();
  while (true) {
    auto [error, socket] = co_await acceptor.async_accept(as_values);
    if (error) co_return;
    asio::co_spawn(executor, serve(std::move(socket), handler, limits), asio::detached);
  }
}

Task<void> exchange(const DemoRequest& request, DemoReply& reply) {
  const ConnectTarget target{"127.0.0.1", std::to_string(request.port)};
  const std::unique_ptr<Transport> transport = co_await connect_transport(target);
  if (!transport) co_return;
  std::string bytes = "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (!request.token.empty()) bytes += "Authorization: Bearer " + request.token + "\r\n";
  bytes += "Content-Type: application/json\r\nContent-Length: ";
  bytes += std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  const IoStatus sent = co_await send(*transport, bytes);
  if (sent != IoStatus::ok) co_return;
  AnswerReader reader(*transport, 16u << 20);
  AnswerHead head;
  const AnswerStatus status = co_await reader.read_head(head);
  if (status != AnswerStatus::more) co_return;
  const AnswerStatus ended = co_await reader.read_all(reply.body);
  if (ended != AnswerStatus::done) co_return;
  reply.status = head.status;
  if (const std::string* decision = head.find("portcullis-decision")) reply.decision = *decision;
  if (const std::string* receipt = head.find("portcullis-receipt")) reply.receipt = *receipt;
}

}  // namespace

struct DemoServer::Impl {
  Handler handler;
  LimitsSection limits;
  asio::io_context io{1};
  Tcp::acceptor acceptor{io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::thread thread;
};

DemoServer::DemoServer(Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  asio::co_spawn(impl_->io, accept_forever(impl_->acceptor, impl_->handler, impl_->limits),
                 asio::detached);
  impl_->thread = std::thread([this] { impl_->io.run(); });
}

DemoServer::~DemoServer() {
  impl_->io.stop();
  impl_->thread.join();
}

std::uint16_t DemoServer::port() const { return impl_->acceptor.local_endpoint().port(); }

DemoReply post_chat(const DemoRequest& request) {
  DemoReply reply;
  asio::io_context io(1);
  asio::co_spawn(io, exchange(request, reply), asio::detached);
  io.run();
  return reply;
}

}  // namespace portcullis::cli
