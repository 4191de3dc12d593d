// Accepts client connections for one worker.
//
// Confined to its worker. Each worker has its own socket on the same port (SO_REUSEPORT). Past
// limits.connections_max, or limits.connections_per_source_max of its network, a connection gets a
// 503 at once and is counted.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/ssl/context.hpp>

#include "net/worker.h"

namespace portcullis {

class Listener {
 public:
  // Takes over a bound, listening socket. `tls` may be null: plain HTTP; else it must outlive the
  // listener.
  struct Options {
    std::size_t connections_max = 4096;             // of this worker
    std::size_t connections_per_source_max = 2048;  // of this worker; trusted proxies are exempt
    asio::ssl::context* tls = nullptr;
  };
  Listener(Worker& worker, Tcp::acceptor acceptor, const Options& options);
  void start();
  // On the worker's thread: takes what is still in the accept queue, then closes the socket.
  void stop();

 private:
  Task<void> accept_forever();
  struct Caller {
    std::string address;
    std::string network;
  };
  Task<void> serve(Tcp::socket socket, Caller caller);
  Task<void> turn_away(Tcp::socket socket, Caller caller, std::string_view limit);
  void dispatch(Tcp::socket socket);
  // The limit that one more connection would pass; empty: none.
  std::string_view limit_reached(const Caller& caller) const;

  Worker& worker_;
  Tcp::acceptor acceptor_;
  Options options_;
};

// Binds `count` sockets to one address and port with SO_REUSEPORT, after making sure that nobody
// else, not even another Portcullis, has it. Errors name the address.
Result<std::vector<Tcp::acceptor>> bind_listeners(const ListenAddress& address,
                                                  const std::vector<asio::io_context*>& ios);
// One acceptor without SO_REUSEPORT.
Result<Tcp::acceptor> bind_one(const ListenAddress& address, asio::io_context& io);

// A server context: TLS 1.2 and later, certificate and key from files.
Result<std::unique_ptr<asio::ssl::context>> make_server_tls(const TlsFiles& files);

}  // namespace portcullis
