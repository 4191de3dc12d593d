#include "net/client_watch.h"

#include <sys/socket.h>

#include <cerrno>

namespace portcullis {
namespace {

bool is_closed_by_peer(Transport& transport) {
  char byte = 0;
  const auto got = ::recv(transport.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool silent = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  return got <= 0 && !silent;
}

}  // namespace

void ClientWatch::look() {
  if (gone_ || (client_.socket().is_open() && !is_closed_by_peer(client_))) return;
  gone_ = true;
  upstream_.reset();
}

}  // namespace portcullis
