// One client connection: request after request, until one side ends it.
//
// Confined to its worker. Answers what needs no decision itself: malformed heads, CORS preflights,
// the protected-resource metadata of RFC 9728.
#pragma once

#include <memory>
#include <string>

#include "net/transport.h"
#include "net/worker.h"

namespace portcullis {

// `peer`: the address of the other end of the socket.
Task<void> run_session(Worker& worker, std::unique_ptr<Transport> transport, std::string peer);

// Whether listen.trusted_proxies names this address.
bool is_trusted_proxy(const ListenSection& listen, const std::string& address);

// The caller's address: the peer, or what a trusted proxy says in X-Forwarded-For (its last entry
// that is no trusted proxy itself).
std::string caller_address(const ListenSection& listen, const RequestHead& head,
                           const std::string& peer);

}  // namespace portcullis
