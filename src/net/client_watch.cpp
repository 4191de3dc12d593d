#include "net/client_watch.h"

#include <sys/socket.h>

namespace portcullis {

struct ClientWatch::State {
  Transport* client;
  Transport* upstream;  // nullptr once the watch is over
  bool gone = false;

  void look() {
    char byte = 0;
    const auto got = ::recv(client->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    const bool silent = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (got > 0 || silent) return;
    gone = true;
    upstream->reset();
  }
};

ClientWatch::ClientWatch(Transport& client, Transport& upstream)
    : state_(std::make_shared<State>(State{&client, &upstream})) {
  client.socket().async_wait(Tcp::socket::wait_read,
                             [state = state_](const boost::system::error_code& error) {
                               if (!error && state->upstream != nullptr) state->look();
                             });
}

ClientWatch::~ClientWatch() {
  state_->upstream = nullptr;
  boost::system::error_code ignored;
  state_->client->socket().cancel(ignored);
}

bool ClientWatch::is_gone() const { return state_->gone; }

}  // namespace portcullis
