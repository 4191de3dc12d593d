#include "net/client_watch.h"

#include <poll.h>

namespace portcullis {
namespace {

// Not by reading: what is unread (a pipelined request, the closing of TLS) stands before the end.
bool is_closed_by_peer(Transport& transport) {
  pollfd polled{transport.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) != 0;
}

}  // namespace

void ClientWatch::look() {
  if (gone_ || (client_.socket().is_open() && !is_closed_by_peer(client_))) return;
  gone_ = true;
  upstream_.reset();
}

}  // namespace portcullis
