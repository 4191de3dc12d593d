// The embedded issuer and the embedded model of `portcullis demo`: what they answer.
//
// EmbeddedModel is safe from any thread. It stands in for a provider, which a demo on one machine
// cannot have.
#pragma once

#include <mutex>
#include <string>

#include "cli/demo_server.h"
#include "identity/jws_sign.h"

namespace portcullis::cli {

// The discovery document, or at /jwks the key set.
DemoAnswer answer_as_issuer(const RequestHead& head, const std::string& issuer,
                            const JwsSigningKey& key);

class EmbeddedModel {
 public:
  // A chat completion, streamed if asked.
  DemoAnswer answer(const std::string& body);
  // The bytes of the last request, and forgets them.
  std::string take_received();

 private:
  std::mutex mutex_;
  std::string received_;  // guarded by mutex_
};

}  // namespace portcullis::cli
