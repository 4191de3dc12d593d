#include "net/transport.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace portcullis {
namespace {

// A socket with the interface of a layered stream.
class PlainStream : public Tcp::socket {
 public:
  explicit PlainStream(Tcp::socket socket) : Tcp::socket(std::move(socket)) {}
};

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
using ErrorCode = boost::system::error_code;

IoStatus status_of(const ErrorCode& code) {
  if (!code) return IoStatus::ok;
  if (code == asio::error::eof || code == asio::ssl::error::stream_truncated) return IoStatus::end;
  return IoStatus::failed;
}

// Cancels what the socket is doing once the time is over. The socket stays open, so that a caller
// can still be told. Shared with the timer's handler, which may be on its way when the transport is
// gone.
struct Deadline {
  Tcp::socket* socket;  // nullptr once the transport is gone
  std::uint64_t generation = 0;
  bool passed = false;
};

void arm(asio::steady_timer& timer, const std::shared_ptr<Deadline>& deadline,
         std::chrono::milliseconds time) {
  deadline->passed = false;
  const std::uint64_t generation = ++deadline->generation;
  timer.expires_after(time);
  timer.async_wait([deadline, generation](const ErrorCode& error) {
    if (error || deadline->socket == nullptr || deadline->generation != generation) return;
    deadline->passed = true;
    ErrorCode ignored;
    deadline->socket->cancel(ignored);
  });
}

Tcp::socket& bottom(PlainStream& stream) { return stream; }
Tcp::socket& bottom(asio::ssl::stream<Tcp::socket>& stream) { return stream.next_layer(); }

// Both kinds of stream have the same operations; only how they end differs.
template <class Stream>
class StreamTransport final : public Transport {
 public:
  template <class... Args>
  explicit StreamTransport(Args&&... args)
      : stream_(std::forward<Args>(args)...),
        timer_(stream_.get_executor()),
        deadline_(std::make_shared<Deadline>(Deadline{&bottom(stream_)})) {}
  ~StreamTransport() override { deadline_->socket = nullptr; }

  Task<IoResult> read_some(asio::mutable_buffer into) override {
    if (deadline_->passed) co_return IoResult{IoStatus::timeout, 0};
    const auto [error, bytes] = co_await stream_.async_read_some(into, as_values);
    co_return IoResult{judged(error), bytes};
  }

  Task<IoResult> write(std::span<const asio::const_buffer> buffers) override {
    if (deadline_->passed) co_return IoResult{IoStatus::timeout, 0};
    std::array<asio::const_buffer, 4> sequence{};
    std::copy_n(buffers.begin(), std::min(buffers.size(), sequence.size()), sequence.begin());
    const auto [error, bytes] = co_await asio::async_write(stream_, sequence, as_values);
    co_return IoResult{judged(error), bytes};
  }

  void expires_after(std::chrono::milliseconds time) override { arm(timer_, deadline_, time); }

  void expires_never() override {
    ++deadline_->generation;
    deadline_->passed = false;
    timer_.cancel();
  }

  void close() override {
    ErrorCode ignored;
    if constexpr (is_tls) SSL_shutdown(stream_.native_handle());
    socket().shutdown(Tcp::socket::shutdown_both, ignored);
    socket().close(ignored);
  }

  void reset() override {
    ErrorCode ignored;
    socket().set_option(asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
  }

  Tcp::socket& socket() override { return bottom(stream_); }
  Stream& stream() { return stream_; }

 private:
  static constexpr bool is_tls = !std::is_same_v<Stream, PlainStream>;

  IoStatus judged(const ErrorCode& error) const {
    return error && deadline_->passed ? IoStatus::timeout : status_of(error);
  }

  Stream stream_;
  asio::steady_timer timer_;
  const std::shared_ptr<Deadline> deadline_;
};

using PlainTransport = StreamTransport<PlainStream>;
using TlsTransport = StreamTransport<asio::ssl::stream<Tcp::socket>>;

void set_no_delay(Tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
}

// The name that the certificate must carry, and SNI (RFC 6066 forbids it for addresses).
bool prepare_client_tls(TlsTransport& transport, const std::string& host) {
  ErrorCode not_an_address;
  asio::ip::make_address(host, not_an_address);
  SSL* const ssl = transport.stream().native_handle();
  if (not_an_address && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) return false;
  ErrorCode error;
  transport.stream().set_verify_mode(asio::ssl::verify_peer, error);
  if (error) return false;
  transport.stream().set_verify_callback(asio::ssl::host_name_verification(host), error);
  return !error;
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Tcp::socket socket) {
  set_no_delay(socket);
  return std::make_unique<PlainTransport>(std::move(socket));
}

Task<std::unique_ptr<Transport>> accept_tls(Tcp::socket socket, asio::ssl::context& context,
                                            std::chrono::milliseconds timeout) {
  set_no_delay(socket);
  auto transport = std::make_unique<TlsTransport>(std::move(socket), context);
  transport->expires_after(timeout);
  const auto [error] =
      co_await transport->stream().async_handshake(asio::ssl::stream_base::server, as_values);
  if (error) co_return nullptr;
  co_return transport;
}

Task<std::unique_ptr<Transport>> connect_transport(const ConnectTarget& target) {
  const auto executor = co_await asio::this_coro::executor;
  const auto resolver = std::make_shared<Tcp::resolver>(executor);
  asio::steady_timer limit(executor, target.timeout);
  limit.async_wait([resolver](const ErrorCode& error) {
    if (!error) resolver->cancel();
  });
  const auto [resolve_error, endpoints] =
      co_await resolver->async_resolve(target.host, target.port, as_values);
  limit.cancel();
  if (resolve_error) co_return nullptr;

  Tcp::socket socket(executor);
  limit.expires_after(target.timeout);
  // Closing, not cancelling: a cancelled attempt would only go on with the next address.
  const auto connecting = std::make_shared<Deadline>(Deadline{&socket});
  limit.async_wait([connecting](const ErrorCode& error) {
    ErrorCode ignored;
    if (!error && connecting->socket != nullptr) connecting->socket->close(ignored);
  });
  const auto [connect_error, endpoint] = co_await asio::async_connect(socket, endpoints, as_values);
  connecting->socket = nullptr;
  limit.cancel();
  if (connect_error || !socket.is_open()) co_return nullptr;
  set_no_delay(socket);
  if (target.tls == nullptr) co_return std::make_unique<PlainTransport>(std::move(socket));

  auto transport = std::make_unique<TlsTransport>(std::move(socket), *target.tls);
  if (!prepare_client_tls(*transport, target.host)) co_return nullptr;
  transport->expires_after(target.timeout);
  const auto [handshake_error] =
      co_await transport->stream().async_handshake(asio::ssl::stream_base::client, as_values);
  if (handshake_error) co_return nullptr;
  co_return transport;
}

bool is_stale(Transport& transport) {
  char byte = 0;
  const auto got = ::recv(transport.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace portcullis
