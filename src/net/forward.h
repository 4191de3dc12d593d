// The only way to an upstream: it consumes a Clearance, which exists only for a permitting decision
// on disk.
//
// forward() sends the request, passes the answer on (a stream event by event), makes the outcome
// durable before the last byte is released, and says how the connection to the caller must end.
// Confined to its worker.
#pragma once

#include <chrono>

#include "net/exchange.h"
#include "net/reply.h"
#include "portcullis/audit.h"

namespace portcullis {

struct Outbound {
  const Inquiry& inquiry;  // must outlive the call
  const Ruling& ruling;    // must outlive the call
  ReplyContext reply;
  std::chrono::steady_clock::time_point started;  // of the exchange
  MemoryLease& memory;                            // of the exchange
};

Task<Ending> forward(Clearance clearance, Worker& worker, const ClientSide& client,
                     const Outbound& outbound);

}  // namespace portcullis
