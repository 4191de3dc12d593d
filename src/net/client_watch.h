// Notices that the caller went away while the upstream works, and then resets the upstream
// connection: nobody pays for an answer that nobody reads.
//
// The worker looks at all watched clients a few times a second: most answers are there before the
// first look, so that watching them costs nothing. Confined to one worker. A caller that sends more
// (pipelining) is not gone; one that closes its side only for sending is taken for gone, for the
// two look the same.
#pragma once

#include "net/transport.h"

namespace portcullis {

class ClientWatch {
 public:
  // Both must outlive the watch.
  ClientWatch(Transport& client, Transport& upstream) : client_(client), upstream_(upstream) {}

  // Resets the upstream connection if the caller has gone.
  void look();
  bool is_gone() const { return gone_; }

 private:
  Transport& client_;
  Transport& upstream_;
  bool gone_ = false;
};

}  // namespace portcullis
