#include "net/transport.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

namespace portcullis {
namespace {

namespace beast = boost::beast;
constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
using ErrorCode = boost::system::error_code;

IoStatus status_of(const ErrorCode& error) {
  if (!error) return IoStatus::ok;
  if (error == beast::error::timeout) return IoStatus::timeout;
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated)
    return IoStatus::end;
  return IoStatus::failed;
}

void reset_socket(Tcp::socket& socket) {
  ErrorCode ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

// Both kinds of stream have the same operations; only how they end differs.
template <class Stream>
class StreamTransport final : public Transport {
 public:
  template <class... Args>
  explicit StreamTransport(Args&&... args) : stream_(std::forward<Args>(args)...) {}

  Task<IoResult> read_some(asio::mutable_buffer into) override {
    const auto [error, bytes] = co_await stream_.async_read_some(into, as_values);
    co_return IoResult{status_of(error), bytes};
  }

  Task<IoResult> write(std::span<const asio::const_buffer> buffers) override {
    std::array<asio::const_buffer, 4> sequence{};
    std::copy_n(buffers.begin(), std::min(buffers.size(), sequence.size()), sequence.begin());
    const auto [error, bytes] = co_await asio::async_write(stream_, sequence, as_values);
    co_return IoResult{status_of(error), bytes};
  }

  void expires_after(std::chrono::milliseconds time) override { lowest().expires_after(time); }
  void expires_never() override { lowest().expires_never(); }

  void close() override {
    ErrorCode ignored;
    if constexpr (is_tls) SSL_shutdown(stream_.native_handle());
    socket().shutdown(Tcp::socket::shutdown_both, ignored);
    lowest().close();
  }

  void reset() override { reset_socket(socket()); }
  Tcp::socket& socket() override { return lowest().socket(); }
  Stream& stream() { return stream_; }
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

 private:
  static constexpr bool is_tls = !std::is_same_v<Stream, beast::tcp_stream>;
  Stream stream_;
};

using PlainTransport = StreamTransport<beast::tcp_stream>;
using TlsTransport = StreamTransport<beast::ssl_stream<beast::tcp_stream>>;

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
  Tcp::resolver resolver(executor);
  asio::steady_timer limit(executor, target.timeout);
  limit.async_wait([&resolver](const ErrorCode& error) {
    if (!error) resolver.cancel();
  });
  const auto [resolve_error, endpoints] =
      co_await resolver.async_resolve(target.host, target.port, as_values);
  limit.cancel();
  if (resolve_error) co_return nullptr;

  beast::tcp_stream stream(executor);
  stream.expires_after(target.timeout);
  const auto [connect_error, endpoint] = co_await stream.async_connect(endpoints, as_values);
  if (connect_error) co_return nullptr;
  set_no_delay(stream.socket());
  if (target.tls == nullptr) co_return std::make_unique<PlainTransport>(std::move(stream));

  auto transport = std::make_unique<TlsTransport>(std::move(stream), *target.tls);
  if (!prepare_client_tls(*transport, target.host)) co_return nullptr;
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
