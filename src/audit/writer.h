// Writes one stream: batches of records, signed checkpoints among them, and the seals and keys
// between segments.
//
// Synchronous and confined to one thread; src/audit/log.cpp gives it one. Lifetimes: the
// Environment must outlive it. Errors: after the first one the writer must not be used again, the
// process must end, and the next start recovers.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/environment.h"
#include "audit/escrow.h"
#include "audit/keys.h"
#include "audit/predecessor.h"
#include "audit/recover.h"
#include "audit/segment.h"
#include "audit/signer.h"
#include "audit/tally.h"
#include "portcullis/audit.h"

namespace portcullis::audit {

struct WriterOptions {
  std::string directory;
  std::uint64_t segment_bytes_max = 0;
  std::chrono::nanoseconds segment_age_max{};
  std::size_t record_bytes_max = 0;  // of S, at most audit::record_bytes_max
};

// How a stream begins.
struct Genesis {
  std::string deployment;
  const EscrowPublicKey& escrow;
  std::optional<PublicKey> approver;
  std::optional<Predecessor> predecessor;
};

// What became of one draft. Without a receipt it is not in the log.
struct Placed {
  std::optional<Receipt> receipt;
  Reason failure = Reason::none;
};

class Writer {
 public:
  struct Parts {
    WriterOptions options;
    Environment environment;
    SigningKey signing_key;
  };
  // A new stream in an empty directory.
  static Result<std::unique_ptr<Writer>> begin(Parts parts, const Genesis& genesis);
  // The next segment of a stream that recover_stream() closed.
  static Result<std::unique_ptr<Writer>> resume(Parts parts, const StreamTail& tail);

  // One batch, durable on return; an answer for each draft, in their order.
  Result<std::vector<Placed>> commit(std::span<const Draft> drafts);
  // A checkpoint record over everything before it, durable on return.
  Result<SignedCheckpoint> checkpoint();
  // What is due between two batches: a new segment if the current one is full or old, a checkpoint
  // record a minute and a signed file a second while records arrive.
  Result<void> tend();
  // Seals the last segment.
  Result<void> close();

  const StreamId& stream() const { return chain_.stream(); }
  std::uint64_t segment_first_seq() const { return segment_first_seq_; }
  std::uint64_t size() const { return chain_.next_seq(); }

 private:
  Writer(Parts parts, const StreamTail& tail);
  std::string stamp();
  NewRecord own_batch();
  void append_own(RecordType type, NewRecord& record, std::string_view members);
  Placed place(const Draft& draft, NewRecord& record);
  Receipt append(RecordType type, NewRecord& record, std::string_view members);
  std::string open_members(const std::string& genesis) const;
  std::string note_member() const;
  bool roll_is_due() const;
  Result<void> open_segment(const std::string& genesis);
  Result<void> save_checkpoint();
  Result<void> advance();
  Result<void> seal();

  WriterOptions options_;
  Environment environment_;
  CheckpointSigner signer_;
  EpochKey key_;  // of the segment that is being written
  Chain chain_;
  std::string last_time_;
  std::string note_;  // the newest signed checkpoint, as in the file
  MonotonicNanos note_saved_{};
  MonotonicNanos note_recorded_{};
  std::uint64_t note_recorded_end_ = 0;  // next seq after the record that carries a note
  std::optional<Segment> segment_;
  MonotonicNanos segment_opened_{};
  std::uint64_t segment_first_seq_ = 0;
  Tally tally_;
  std::string buffer_;  // the batch that is being built
};

}  // namespace portcullis::audit
