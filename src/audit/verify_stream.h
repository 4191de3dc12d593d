// Verifies one stream's directory, offline and read-only: segments in parallel, then how they fit
// together, then what from outside the segments names them (checkpoint, anchors, receipts).
//
// verify_stream() is confined to the calling thread but for the workers that it starts and ends.
// A stream that is being written is read up to what was durable when the reading began.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/input.h"
#include "audit/stitch.h"
#include "audit/verify_trust.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

// What the first record says that can be read: not verified yet, but which keys to verify with
// depends on it.
struct StreamPeek {
  std::optional<StreamId> stream;
  std::optional<Opening> opening;  // of record 0
};
StreamPeek peek_stream(const std::string& directory);

struct StreamTask {
  std::string directory;
  StreamPeek peek;
  std::optional<PublicKey> public_key;
  std::vector<std::uint64_t> sizes;  // of trees whose roots are wanted beside our own
  unsigned jobs = 0;
  std::function<void(const VerifyProgress&)> on_progress;
};

struct VerifiedStream {
  StreamReport report;
  StitchedStream stitched;
  std::vector<Fault> faults;  // final, those of the segments first
  FaultKinds kinds;
  bool macs_checked = false;
  bool followed = false;                   // another stream of this run goes on from its end
  std::vector<std::size_t> anchors_used;   // of VerifyTrust::outside
  std::vector<std::size_t> receipts_used;  // of VerifyTrust::receipts
  std::optional<Digest> root(std::uint64_t size) const;
};
VerifiedStream verify_stream(const StreamTask& task, const VerifyTrust& trust);

}  // namespace portcullis::audit
