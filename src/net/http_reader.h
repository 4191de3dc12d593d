// Reads HTTP/1.1 messages from a Transport: requests from clients, answers from upstreams.
//
// Beast's parser is only the tokeniser: the raw head is judged before it (net/http_gate.h), the
// framing after it. Bounded: a head by header_bytes_max, a body by the limit given. Confined to one
// worker. Lifetimes: the Transport must outlive the reader. Standards: RFC 9112.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "enforce/request.h"
#include "net/memory_budget.h"
#include "net/transport.h"
#include "portcullis/types.h"

namespace portcullis {

class RequestReader {
 public:
  RequestReader(Transport& transport, const LimitsSection& limits);
  ~RequestReader();

  enum class Next { head, closed };  // closed: the peer ended or stayed silent between two requests
  // The next request's head. With a Denial nothing more may be read from the connection.
  Task<OrDenial<Next>> read_head(RequestHead& head);
  // The body of that head; empty if it has none. At most body_bytes_max, and what `memory` can
  // cover.
  Task<OrDenial<std::string>> read_body(MemoryLease& memory);
  // True once head and body are consumed: the connection can carry another request.
  bool is_done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct AnswerHead {
  unsigned status = 0;
  std::vector<Header> headers;
  bool keep_alive = false;
  const std::string* find(std::string_view name) const {
    for (const Header& header : headers) {
      if (header.name == name) return &header.value;
    }
    return nullptr;
  }
};

enum class AnswerStatus {
  more,  // something was read
  done,  // the message is complete, by its own framing
  timeout,
  cut,  // the connection ended before the message did
  malformed,
  too_large,
  no_memory,  // never a reader's: its caller found no room in a MemoryLease
};

class AnswerReader {
 public:
  AnswerReader(Transport& transport, std::size_t body_bytes_max);
  ~AnswerReader();

  // Skips 1xx. AnswerStatus::more or done on success.
  Task<AnswerStatus> read_head(AnswerHead& head);
  // Appends what comes next of the body. After `done` nothing more comes.
  Task<AnswerStatus> read_some(std::string& body);
  // All of it: done, or what went wrong.
  Task<AnswerStatus> read_all(std::string& body);
  // True if the connection is exactly at the end of this answer and may carry another request.
  bool is_reusable() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portcullis
