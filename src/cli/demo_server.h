// A small HTTP server on loopback for `portcullis demo`: the embedded issuer and the embedded
// model.
//
// One thread of its own, started by the constructor, ended by the destructor. The handler runs on
// that thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "enforce/request.h"

namespace portcullis::cli {

struct DemoAnswer {
  std::string content_type = "application/json";
  std::string body;
};

class DemoServer {
 public:
  using Handler = std::function<DemoAnswer(const RequestHead& head, const std::string& body)>;
  explicit DemoServer(Handler handler);  // on a free port of 127.0.0.1
  ~DemoServer();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One request to 127.0.0.1 and its whole answer, blocking. Status 0: there was none.
struct DemoRequest {
  std::uint16_t port = 0;
  std::string token;  // empty: no Authorization header
  std::string body;
};
struct DemoReply {
  unsigned status = 0;
  std::string decision;  // Portcullis-Decision
  std::string receipt;   // Portcullis-Receipt
  std::string body;
};
DemoReply post_chat(const DemoRequest& request);

}  // namespace portcullis::cli
