// Notices that the caller went away while the upstream works, and then resets the upstream
// connection: nobody pays for an answer that nobody reads.
//
// Confined to one worker. A caller that sends more (pipelining) is not gone: watching ends there.
#pragma once

#include <memory>

#include "net/transport.h"

namespace portcullis {

class ClientWatch {
 public:
  // Both must outlive the watch.
  ClientWatch(Transport& client, Transport& upstream);
  ~ClientWatch();
  ClientWatch(const ClientWatch&) = delete;
  ClientWatch& operator=(const ClientWatch&) = delete;
  bool is_gone() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace portcullis
