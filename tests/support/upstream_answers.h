// What the recording upstream answers: OpenAI-shaped JSON or events, or one of the faults that a
// real provider can have.
//
// Pure: a request in, the bytes to send and the moments to send them out. Safe from any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::upstream {

struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // without chunk framing
};

enum class Fault {
  none,
  close_before_answer,
  close_mid_body,    // half of the promised Content-Length
  close_mid_stream,  // events, but no end of them
  garbage,           // not HTTP
  redirect,          // 307 to another path of this server
  slow_head,         // a status line, and then nothing
  huge_answer,       // a well-formed answer of 80 MiB; streamed, one event of that size
};
std::optional<Fault> fault_from_name(std::string_view name);

struct AnswerOptions {
  Fault fault = Fault::none;
  bool stream = false;                 // honour "stream": true
  std::chrono::milliseconds delay{0};  // before the first byte
  std::chrono::milliseconds gap{0};    // between two events of a stream
};

// Bytes, and how long to wait before they are sent.
struct Piece {
  std::chrono::milliseconds wait{0};
  std::string bytes;
};

struct Answer {
  std::vector<Piece> pieces;
  bool close = false;  // after the last piece
};

Answer answer(const Request& request, const AnswerOptions& options);

}  // namespace portcullis::upstream
