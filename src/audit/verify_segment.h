// Verifies one segment, believing its own `open`, and reports what the rest of the stream must be
// compared with. Segments can be verified in any order and at the same time.
//
// verify_segment() is safe from any thread; a task's pointers must outlive it. Memory is bounded by
// faults_max, by the longest line, and by what stands in the segment beside decisions: notes,
// anchors, approvals, decisions without an outcome.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/coverage.h"
#include "audit/follow.h"
#include "audit/found.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

struct SegmentTask {
  std::string path;
  std::uint64_t first_seq = 0;
  enum class Position : std::uint8_t { inner, last } position = Position::inner;
  std::optional<PublicKey> public_key;
  KeyLadder* keys = nullptr;                         // none: macs are not checked
  std::span<const Receipt> receipts;                 // of the stream, by seq
  std::span<const std::uint64_t> sizes;              // of trees whose roots are wanted, ascending
  std::string from, to;                              // record times; empty: not limited
  std::atomic<std::uint64_t>* bytes_done = nullptr;  // of files, for progress
};

struct SignedSize {
  std::uint64_t size = 0;
  Digest root{};
};

// A fault, unless an approval names the record.
struct ErasedLine {
  std::uint64_t seq = 0;
  Place place;
};

// An `anchor` or a `retention` record.
struct KeptRecord {
  std::uint64_t seq = 0;
  RecordType type = RecordType::anchor;
  Place place;
  std::string line;
};

// What the first record of a segment says.
struct SegmentStart {
  RecordHead head;  // its time is in `time`
  std::string time;
};

struct SegmentReport {
  std::string path;
  std::uint64_t first_seq = 0;  // by its name
  FoundList found;
  std::optional<SegmentStart> start;  // nullopt: the first line could not be read
  std::optional<Opening> opening;
  std::optional<StreamId> stream;
  std::optional<PublicKey> public_key;
  // How it ends.
  std::uint64_t next_seq = 0;
  std::optional<Digest> prev;
  std::optional<Frontier> tree;
  std::optional<std::uint64_t> batch;
  std::optional<std::uint64_t> epoch;
  std::string last_time;  // empty: not known
  bool sealed = false;
  bool unreadable = false;  // from some point on
  Place end;

  std::uint64_t records = 0, decisions = 0, outcomes = 0;
  std::string first_time, newest_time;  // of its records
  // Of records that were asked for: the newest, the newest after it, and so on.
  std::vector<std::pair<std::uint64_t, std::string>> late;  // seq and time
  std::vector<std::string> notes;
  std::vector<SignedSize> signed_sizes;
  std::vector<SignedSize> roots;  // of the sizes that were wanted
  std::vector<KeptRecord> kept;
  std::vector<SeqRange> lost;  // could not be read
  std::vector<ErasedLine> erased;
  std::vector<TimeGap> gaps;
  OpenDecisions open_decisions;
  bool open_decisions_full = false;
  std::vector<DecisionId> outcomes_of_earlier;  // decisions
  std::vector<std::uint64_t> receipts_seen;     // seqs
};

SegmentReport verify_segment(const SegmentTask& task);

// Only a holder of K_0 can tell; without it every receipt is believed.
bool is_forged(const Receipt& receipt, KeyLadder* keys);

}  // namespace portcullis::audit
