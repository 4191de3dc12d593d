// The longest valid beginning of a segment, and what stands after it.
//
// Reads only. Errors: the file cannot be read, or does not begin with a valid record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/chain.h"
#include "audit/follow.h"
#include "audit/input.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct PrefixOptions {
  std::string directory;
  SegmentName segment;
  PublicKey public_key{};
  EpochKey key;                       // of this segment's epoch, or the one before
  std::uint64_t checkpoint_size = 0;  // the tree's root is wanted at this size
};

struct Prefix {
  std::uint64_t bytes = 0;
  StreamId stream{};
  std::string origin;
  ChainEnd end;
  EpochKey key;  // of this segment's epoch
  std::string last_time;
  Tally tally;
  bool sealed = false;
  std::optional<Digest> checkpoint_root;  // if the prefix reaches that size
  std::uint64_t file_bytes = 0;
  std::string torn;  // what follows, without the NUL bytes at the end of the file
};
Result<Prefix> read_prefix(const PrefixOptions& options);

// Whether `torn` holds a record that was written only after one that the prefix lacks was durable.
bool proves_loss(const Prefix& prefix);

}  // namespace portcullis::audit
