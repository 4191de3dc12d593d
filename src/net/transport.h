// A byte stream with a deadline: plain TCP, or TLS over it.
//
// Confined to the worker whose io_context made it. One read and one write may be in flight at a
// time. The deadline is absolute: once it passes, every operation ends with IoStatus::timeout until
// a new one is set; the connection stays open, so that the peer can be told. Errors are values.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "net/asio.h"
#include "net/read_buffer.h"

namespace portcullis {

enum class IoStatus { ok, end, timeout, failed };

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // As server, before anything is read: the TLS handshake, if there is one.
  virtual Task<IoStatus> accept() = 0;
  // At least one byte with IoStatus::ok.
  virtual Task<IoResult> read_some(asio::mutable_buffer into) = 0;
  // All of the buffers, at most four, or a failure.
  virtual Task<IoResult> write(std::span<const asio::const_buffer> buffers) = 0;
  // One total deadline for everything until the next call.
  virtual void expires_after(std::chrono::milliseconds time) = 0;
  virtual void expires_never() = 0;
  // Sends what TLS and TCP need to end cleanly, without waiting, and closes.
  virtual void close() = 0;
  // Closes so that the peer sees a reset: never mistaken for the end of an answer.
  virtual void reset() = 0;
  // Whether bytes have arrived that read_some() has not given out and the socket does not show.
  virtual bool holds_unread() = 0;
  virtual Tcp::socket& socket() = 0;
  // What was read and not used yet. It stays with the connection from one message to the next.
  virtual ReadBuffer& buffer() = 0;
};

// They take over a connected socket; the second one's handshake is still to be done.
std::unique_ptr<Transport> make_plain_transport(Tcp::socket socket);
std::unique_ptr<Transport> make_tls_transport(Tcp::socket socket, asio::ssl::context& context);

struct ConnectTarget {
  std::string host;
  std::string port;
  asio::ssl::context* tls = nullptr;  // nullptr: plain; else it must outlive the transport
  std::chrono::milliseconds timeout{3'000};
};
// Resolves, connects, does the handshake and verifies the peer's certificate for `host`.
// nullptr if any of it fails, or if all of it together is not done in time.
Task<std::unique_ptr<Transport>> connect_transport(const ConnectTarget& target);

// True if the peer has closed or sent something: a pooled connection in that state is not to be
// used.
bool is_stale(Transport& transport);

}  // namespace portcullis
