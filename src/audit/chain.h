// The chain that runs through the records: hash, mac and leaf of one, and the place of the next.
//
// Confined to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "audit/record.h"
#include "base/crypto.h"

namespace portcullis::audit {

// The key of one epoch, K_e. Wiped when it goes.
struct EpochKey {
  std::uint64_t epoch = 0;
  Digest key{};
  EpochKey() = default;
  EpochKey(std::uint64_t number, const Digest& bytes) : epoch(number), key(bytes) {}
  EpochKey(const EpochKey&) = default;
  EpochKey& operator=(const EpochKey&) = default;
  ~EpochKey() { wipe(key); }
};
EpochKey next_epoch(const EpochKey& key);

// Computes macs of one stream and epoch.
class RecordMac {
 public:
  RecordMac(const StreamId& stream, const EpochKey& key);
  Digest operator()(std::uint64_t seq, const Digest& hash);

 private:
  std::array<std::uint8_t, 91> input_{};
  Hmac hmac_;
};

// RFC 9162 leaf hash of the 64 bytes hash || mac.
Digest leaf_hash(const Digest& hash, const Digest& mac);

// Where a stream stands.
struct ChainEnd {
  Digest prev{};  // leaf of the last record; zeros before the first
  Frontier tree;  // its size is the next seq
};

struct NewRecord {
  RecordType type = RecordType::open;
  std::uint64_t batch = 0;
  std::string_view time;
  Salt salt{};
  std::string_view members;
};

class Chain {
 public:
  Chain(const StreamId& stream, ChainEnd end, const EpochKey& key);
  // Appends the record's whole line to `out`; the receipt says where it stands.
  Receipt append(std::string& out, const NewRecord& record);
  void set_epoch(const EpochKey& key);

  const StreamId& stream() const { return stream_; }
  std::uint64_t next_seq() const { return end_.tree.size(); }
  const ChainEnd& end() const { return end_; }

 private:
  StreamId stream_;
  ChainEnd end_;
  std::uint64_t epoch_;
  RecordMac mac_;
};

}  // namespace portcullis::audit
