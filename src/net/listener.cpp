#include "net/listener.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "audit/input.h"
#include "enforce/admit.h"
#include "net/exchange.h"
#include "net/reply.h"
#include "net/session.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
using ErrorCode = boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

enum class Sharing { exclusive, reuse_port };

Result<Tcp::acceptor> bind(const Tcp::endpoint& endpoint, asio::io_context& io, Sharing sharing) {
  Tcp::acceptor acceptor(io);
  ErrorCode error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && sharing == Sharing::reuse_port) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) {
    return failure(Cause::io, "cannot listen on " + endpoint.address().to_string() + ":" +
                                  std::to_string(endpoint.port()) + ": " + error.message());
  }
  return acceptor;
}

Result<Tcp::endpoint> endpoint_of(const ListenAddress& address) {
  ErrorCode error;
  const auto ip = asio::ip::make_address(address.address, error);
  if (error) return failure(Cause::invalid, "not an address: " + address.address);
  return Tcp::endpoint(ip, address.port);
}

}  // namespace

Result<Tcp::acceptor> bind_one(const ListenAddress& address, asio::io_context& io) {
  const Result<Tcp::endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  return bind(*endpoint, io, Sharing::exclusive);
}

Result<std::vector<Tcp::acceptor>> bind_listeners(const ListenAddress& address,
                                                  const std::vector<asio::io_context*>& ios) {
  Result<Tcp::endpoint> endpoint = endpoint_of(address);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  {
    // Without this probe a second daemon would silently take a share of the connections.
    Result<Tcp::acceptor> probe = bind(*endpoint, *ios.front(), Sharing::exclusive);
    if (!probe) return tl::unexpected<Error>(probe.error());
    ErrorCode ignored;
    endpoint->port(probe->local_endpoint(ignored).port());
  }
  std::vector<Tcp::acceptor> acceptors;
  for (asio::io_context* io : ios) {
    Result<Tcp::acceptor> acceptor = bind(*endpoint, *io, Sharing::reuse_port);
    if (!acceptor) return tl::unexpected<Error>(acceptor.error());
    acceptors.push_back(std::move(*acceptor));
  }
  return acceptors;
}

Result<std::unique_ptr<asio::ssl::context>> make_server_tls(const TlsFiles& files) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  ErrorCode error;
  context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error) context->use_certificate_chain_file(files.certificate, error);
  if (error) {
    return failure(Cause::io,
                   "cannot use certificate " + files.certificate + ": " + error.message());
  }
  const Result<std::string> key = audit::read_secret_file(files.private_key);
  if (!key) return tl::unexpected<Error>(key.error());
  context->use_private_key(asio::buffer(*key), asio::ssl::context::pem, error);
  if (error) {
    return failure(Cause::io,
                   "cannot use private key " + files.private_key + ": " + error.message());
  }
  return context;
}

Listener::Listener(Worker& worker, Tcp::acceptor acceptor, const Options& options)
    : worker_(worker), acceptor_(std::move(acceptor)), options_(options) {}

void Listener::start() { asio::co_spawn(worker_.io(), accept_forever(), asio::detached); }

void Listener::stop() {
  ErrorCode error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    Tcp::socket socket(worker_.io());
    acceptor_.accept(socket, error);
    if (!error) dispatch(std::move(socket));
  }
  acceptor_.close(error);
}

Task<void> Listener::accept_forever() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(as_values);
    if (!error) {
      dispatch(std::move(socket));
      continue;
    }
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
    // Out of descriptors, for one: wait for some to come back instead of spinning.
    asio::steady_timer pause(worker_.io(), std::chrono::milliseconds(50));
    co_await pause.async_wait(as_values);
  }
}

void Listener::dispatch(Tcp::socket socket) {
  ErrorCode error;
  const std::string address = socket.remote_endpoint(error).address().to_string();
  if (error) return;  // gone already
  Caller caller{address, source_network(address)};
  const std::string_view limit = limit_reached(caller);
  Task<void> task = limit.empty() ? serve(std::move(socket), std::move(caller))
                                  : turn_away(std::move(socket), std::move(caller), limit);
  asio::co_spawn(worker_.io(), std::move(task), asio::detached);
}

std::string_view Listener::limit_reached(const Caller& caller) const {
  const ConnectionCounts& open = worker_.open();
  if (open.all() >= options_.connections_max) return "limits.connections_max";
  if (open.of(caller.network) < options_.connections_per_source_max) return {};
  const bool is_proxy = is_trusted_proxy(worker_.snapshot()->config->listen, caller.address);
  return is_proxy ? std::string_view() : "limits.connections_per_source_max";
}

Task<void> Listener::serve(Tcp::socket socket, Caller caller) {
  // From the TCP connection on: a handshake costs as well. In the worker, for the coroutines that
  // run at the end are destroyed with it, after the listener.
  const ConnectionCounts::Place place(worker_.open(), caller.network);
  std::unique_ptr<Transport> transport = options_.tls == nullptr
                                             ? make_plain_transport(std::move(socket))
                                             : make_tls_transport(std::move(socket), *options_.tls);
  co_await run_session(worker_, std::move(transport), caller.address);
}

Task<void> Listener::turn_away(Tcp::socket socket, Caller caller, std::string_view limit) {
  worker_.limits().count(Reason::overloaded, caller.network);
  ++worker_.shared().metrics.shed;
  const std::unique_ptr<Transport> transport = make_plain_transport(std::move(socket));
  const std::string reply =
      render_denial({Reason::overloaded, "too many connections (" + std::string(limit) + ")", {}},
                    ReplyContext{});
  if (options_.tls == nullptr) {
    co_await send_to_client(worker_, *transport, reply);
  }
  transport->close();
}

}  // namespace portcullis
