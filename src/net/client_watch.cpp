#include "net/client_watch.h"

#include <sys/socket.h>

namespace portcullis {

struct ClientWatch::State : std::enable_shared_from_this<ClientWatch::State> {
  State(Transport& client_side, Transport& upstream_side)
      : client(&client_side), upstream(&upstream_side) {}

  Transport* client;
  Transport* upstream;  // nullptr once the watch is over
  bool gone = false;

  void wait() {
    client->socket().async_wait(
        Tcp::socket::wait_read,
        [state = shared_from_this()](const boost::system::error_code& error) {
          if (state->upstream != nullptr) state->look(error);
        });
  }

  void look(const boost::system::error_code& error) {
    const bool open = client->socket().is_open();
    // A deadline of an earlier step cancelled the wait.
    if (open && error == asio::error::operation_aborted) return wait();
    if (open && !is_closed_by_peer()) return;
    gone = true;
    upstream->reset();
  }

  bool is_closed_by_peer() {
    char byte = 0;
    const auto got = ::recv(client->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    const bool silent = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return got <= 0 && !silent;
  }
};

ClientWatch::ClientWatch(Transport& client, Transport& upstream)
    : state_(std::make_shared<State>(client, upstream)) {
  state_->wait();
}

ClientWatch::~ClientWatch() {
  state_->upstream = nullptr;
  boost::system::error_code ignored;
  state_->client->socket().cancel(ignored);
}

bool ClientWatch::is_gone() const { return state_->gone; }

}  // namespace portcullis
