// One exchange, from a request's head to the last byte of its answer.
//
// Confined to its worker. Reads top to bottom like the picture in docs/architecture.md: identify,
// extract, classify, decide, transform, commit, forward, answer, outcome. Every failure on the way
// is a recorded denial; nothing is forwarded without a Clearance.
#pragma once

#include <chrono>

#include "enforce/request.h"
#include "net/http_reader.h"
#include "net/transport.h"
#include "net/worker.h"

namespace portcullis {

// The caller's side of a connection. All must outlive the exchange.
struct ClientSide {
  Transport& transport;
  RequestReader& reader;
  Worker::Connection& connection;
};

enum class Ending {
  keep,   // the connection can carry another request
  close,  // everything was sent; end it cleanly
  reset,  // an answer is incomplete or unrecorded: the caller must not take it for whole
};

Task<Ending> run_exchange(Worker& worker, const ClientSide& client, RequestHead head);

// Sends bytes to the caller under limits.write_timeout.
Task<IoStatus> send_to_client(Worker& worker, Transport& client, std::string_view bytes);

// The caller's Origin if CORS answers may name it, else empty.
std::string allowed_origin(const Config& config, const RequestHead& head);

}  // namespace portcullis
