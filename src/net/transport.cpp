#include "net/transport.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
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

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::milliseconds cancel_again{50};

// Cancels what the socket is doing once the time is over. The socket stays open, so that a caller
// can still be told. Shared with the timer's handler, which may be on its way when the transport is
// gone.
//
// A deadline is set several times in an exchange and hardly ever passes: so setting one only notes
// it, and a timer that goes off too early is set again for the rest.
struct Deadline : std::enable_shared_from_this<Deadline> {
  Deadline(Tcp::socket& watched, const asio::any_io_executor& executor)
      : socket(&watched), timer(executor) {}

  void set(SteadyTime time) {
    passed = false;
    due = time;
    if (time < alarm) wait(time);
  }

  void wait(SteadyTime time) {
    alarm = time;
    timer.expires_at(time);
    timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
      if (!error && self->socket != nullptr) self->ring();
    });
  }

  void ring() {
    alarm = SteadyTime::max();
    if (due == SteadyTime::max()) return;
    if (due > std::chrono::steady_clock::now()) return wait(due);
    passed = true;
    ErrorCode ignored;
    socket->cancel(ignored);
    // There is nothing to cancel between two steps of an operation, and its next step would wait
    // without a deadline.
    if (running > 0) wait(std::chrono::steady_clock::now() + cancel_again);
  }

  void leave() {
    socket = nullptr;
    timer.cancel();
  }

  Tcp::socket* socket;  // nullptr once the transport is gone
  asio::steady_timer timer;
  SteadyTime due = SteadyTime::max();
  SteadyTime alarm = SteadyTime::max();  // when the timer goes off; max: it is not running
  bool passed = false;
  int running = 0;  // operations under way
};

// An operation under way, while it lives.
class Running {
 public:
  explicit Running(Deadline& deadline) : deadline_(deadline) { ++deadline_.running; }
  ~Running() { --deadline_.running; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Deadline& deadline_;
};

Tcp::socket& bottom(PlainStream& stream) { return stream; }
Tcp::socket& bottom(asio::ssl::stream<Tcp::socket>& stream) { return stream.next_layer(); }

// Leaves out the first bytes.
void skip(std::span<asio::const_buffer> buffers, std::size_t bytes) {
  for (asio::const_buffer& buffer : buffers) {
    const std::size_t part = std::min(bytes, buffer.size());
    buffer += part;
    bytes -= part;
  }
}

// Both kinds of stream have the same operations; only how they end differs.
template <class Stream>
class StreamTransport final : public Transport {
 public:
  template <class... Args>
  explicit StreamTransport(Args&&... args)
      : stream_(std::forward<Args>(args)...),
        deadline_(std::make_shared<Deadline>(bottom(stream_), stream_.get_executor())) {}
  ~StreamTransport() override { deadline_->leave(); }

  Task<IoStatus> accept() override {
    if constexpr (is_tls) {
      const IoStatus status = co_await handshake(asio::ssl::stream_base::server);
      co_return status;
    } else {
      co_return IoStatus::ok;
    }
  }

  Task<IoStatus> handshake(asio::ssl::stream_base::handshake_type side) {
    const Running running(*deadline_);
    const auto [error] = co_await stream_.async_handshake(side, as_values);
    co_return judged(error);
  }

  Task<IoResult> read_some(asio::mutable_buffer into) override {
    if (deadline_->passed) co_return IoResult{IoStatus::timeout, 0};
    const Running running(*deadline_);
    const auto [error, bytes] = co_await stream_.async_read_some(into, as_values);
    co_return IoResult{judged(error), bytes};
  }

  Task<IoResult> write(std::span<const asio::const_buffer> buffers) override {
    if (deadline_->passed) co_return IoResult{IoStatus::timeout, 0};
    std::array<asio::const_buffer, 4> sequence{};
    std::copy_n(buffers.begin(), std::min(buffers.size(), sequence.size()), sequence.begin());
    if constexpr (!is_tls) {
      // What the kernel takes at once needs no turn of the event loop.
      ErrorCode refused;
      const std::size_t taken = stream_.write_some(sequence, refused);
      if (!refused && taken == asio::buffer_size(sequence)) co_return IoResult{IoStatus::ok, taken};
      skip(sequence, taken);
    }
    const Running running(*deadline_);
    const auto [error, bytes] = co_await asio::async_write(stream_, sequence, as_values);
    co_return IoResult{judged(error), bytes};
  }

  void expires_after(std::chrono::milliseconds time) override {
    expires_at(std::chrono::steady_clock::now() + time);
  }
  void expires_at(SteadyTime time) { deadline_->set(time); }
  void expires_never() override { deadline_->set(SteadyTime::max()); }

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

  // Of a record that was read in part, and of records that came in the same read of the socket.
  bool holds_unread() override {
    if constexpr (is_tls) {
      SSL* const ssl = stream_.native_handle();
      return SSL_has_pending(ssl) == 1 || BIO_pending(SSL_get_rbio(ssl)) > 0;
    } else {
      return false;
    }
  }

  Tcp::socket& socket() override { return bottom(stream_); }
  ReadBuffer& buffer() override { return buffer_; }
  Stream& stream() { return stream_; }

 private:
  static constexpr bool is_tls = !std::is_same_v<Stream, PlainStream>;

  IoStatus judged(const ErrorCode& error) const {
    return error && deadline_->passed ? IoStatus::timeout : status_of(error);
  }

  Stream stream_;
  ReadBuffer buffer_;
  const std::shared_ptr<Deadline> deadline_;
};

using PlainTransport = StreamTransport<PlainStream>;
using TlsTransport = StreamTransport<asio::ssl::stream<Tcp::socket>>;

void prepare_socket(Tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(Tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
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

// Shared with the resolver's handler: the system's resolver cannot be interrupted, and may answer
// when nobody waits any more.
struct Resolution {
  Resolution(const asio::any_io_executor& executor, SteadyTime due) : answered(executor, due) {}
  asio::steady_timer answered;  // goes off at the latest when the time is over
  Tcp::resolver::results_type endpoints;
};

// None if the name is unknown, or the answer late.
Task<Tcp::resolver::results_type> resolve(const ConnectTarget& target, SteadyTime due) {
  const auto executor = co_await asio::this_coro::executor;
  const auto resolution = std::make_shared<Resolution>(executor, due);
  Tcp::resolver resolver(executor);
  resolver.async_resolve(
      target.host, target.port,
      [resolution](const ErrorCode& error, Tcp::resolver::results_type endpoints) {
        if (!error) resolution->endpoints = std::move(endpoints);
        resolution->answered.cancel();
      });
  co_await resolution->answered.async_wait(as_values);
  co_return resolution->endpoints;
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(Tcp::socket socket) {
  prepare_socket(socket);
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> make_tls_transport(Tcp::socket socket, asio::ssl::context& context) {
  prepare_socket(socket);
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

Task<std::unique_ptr<Transport>> connect_transport(const ConnectTarget& target) {
  const auto executor = co_await asio::this_coro::executor;
  const SteadyTime due = std::chrono::steady_clock::now() + target.timeout;
  const Tcp::resolver::results_type endpoints = co_await resolve(target, due);
  if (endpoints.empty()) co_return nullptr;

  Tcp::socket socket(executor);
  asio::steady_timer limit(executor, due);
  // Closing, not cancelling: a cancelled attempt would only go on with the next address.
  const auto connecting = std::make_shared<Tcp::socket*>(&socket);
  limit.async_wait([connecting](const ErrorCode& error) {
    ErrorCode ignored;
    if (!error && *connecting != nullptr) (*connecting)->close(ignored);
  });
  const auto [connect_error, endpoint] = co_await asio::async_connect(socket, endpoints, as_values);
  *connecting = nullptr;
  limit.cancel();
  if (connect_error || !socket.is_open()) co_return nullptr;
  prepare_socket(socket);
  if (target.tls == nullptr) co_return std::make_unique<PlainTransport>(std::move(socket));

  auto transport = std::make_unique<TlsTransport>(std::move(socket), *target.tls);
  if (!prepare_client_tls(*transport, target.host)) co_return nullptr;
  transport->expires_at(due);
  const IoStatus secured = co_await transport->handshake(asio::ssl::stream_base::client);
  if (secured != IoStatus::ok) co_return nullptr;
  co_return transport;
}

bool is_stale(Transport& transport) {
  if (transport.holds_unread()) return true;
  char byte = 0;
  const auto got = ::recv(transport.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

}  // namespace portcullis
