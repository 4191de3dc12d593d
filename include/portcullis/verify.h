// Verifying audit logs, offline and read-only, by someone who trusts neither operator nor daemon.
// docs/audit-log-format.md has the bytes and what a verifier concludes.
//
// verify_log() is safe from any thread; it never throws and never writes. Errors are part of the
// report: what cannot be read is a fault like any other. Times are those of records: RFC 3339, UTC,
// nine fractional digits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace portcullis {

enum class VerifyExit : int {
  whole = 0,
  integrity = 1,
  usage = 2,
  unanchored = 3,
  gap = 4,
  cannot = 5
};

struct Fault {
  std::string file;
  std::uint64_t line = 0;    // from 1
  std::uint64_t offset = 0;  // bytes from the start of the file
  std::optional<std::uint64_t> seq;
  VerifyExit kind = VerifyExit::integrity;
  std::string message;
  std::string text() const;  // file:line:offset:seq: message
};

struct VerifyProgress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;  // of the files of the stream that is being read
};

struct VerifyOptions {
  std::vector<std::string> directories;
  std::string public_key_file;  // from outside the directories; empty: self-asserted
  std::string key_file;  // K_0, hex, of the one directory; empty: no macs, or escrow_key_file
  std::string escrow_key_file;    // RSA private key that unwraps K_0 from the genesis record
  std::string approver_key_file;  // empty: the one that the genesis record names
  std::vector<std::string> certificate_files;  // of time-stamp authorities
  std::vector<std::string> witness_key_files;  // C2SP verifier keys
  std::vector<std::string> anchor_files;       // notes kept outside; FILE.tsr beside FILE counts
  std::chrono::seconds anchor_age{1800};       // that the newest records may be without an anchor
  std::vector<std::string> receipts;
  std::string streams_file;  // of the streams that must be there; empty: those that are there
  std::string from, to;      // what is asked for, any RFC 3339; empty: everything
  unsigned jobs = 0;         // segments at the same time; 0: as many as there are processors
  std::function<void(const VerifyProgress&)> on_progress;  // on the calling thread, now and then
};

// Somebody outside the host said so.
struct AnchorReport {
  std::string kind;  // time_stamp, witness
  std::string who;
  std::string time;
  std::uint64_t size = 0;  // covers records 0 to size - 1
};

struct SeqSpan {  // both included
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// No record for long.
struct TimeGap {
  std::uint64_t seq = 0;  // of the record that ends it
  std::string from, to;
  std::int64_t seconds = 0;
};

// Records that had no anchor for longer than VerifyOptions::anchor_age.
struct UnanchoredSpan {
  SeqSpan records;
  std::string from;  // of the anchor before; empty: there is none
  std::string to;    // of the anchor after; empty: there is none yet
};

// What was found in one directory.
struct StreamReport {
  std::string directory;
  std::string stream;      // 32 hex digits; empty: none found
  std::string origin;      // of its checkpoints
  std::string public_key;  // hex, that the signatures were checked with
  std::uint64_t segments = 0;
  std::uint64_t records = 0;
  std::string root;     // hex, of all records; empty if it cannot be known
  bool sealed = false;  // the last segment ends with a seal
  std::string first_time, last_time;
  std::vector<AnchorReport> anchors;  // the good ones, at most one of each kind and size
  std::vector<UnanchoredSpan> unanchored;
  std::vector<TimeGap> time_gaps;             // the longest
  std::vector<SeqSpan> erased;                // by permission
  std::vector<SeqSpan> dropped;               // by permission
  std::vector<std::uint64_t> open_decisions;  // the first of them
  std::string proved;                         // one sentence
};

struct VerifyReport {
  VerifyExit exit = VerifyExit::cannot;
  std::vector<StreamReport> streams;  // in the order of the directories
  std::vector<Fault> faults;          // in the order of the log, at most 1000
  std::uint64_t fault_count = 0;
  std::uint64_t records = 0;
  std::uint64_t decisions = 0;
  std::uint64_t outcomes = 0;
  std::uint64_t open_decisions = 0;  // that allow, without an outcome
  std::string first_time, last_time;
  std::string root;                      // hex, of all records; of the last directory if several
  std::vector<std::string> notes;        // what is no fault but should be known: recoveries
  std::vector<std::string> not_checked;  // "macs not checked: no key"
  std::string asked, found;              // one sentence each
};

// Offline and read-only; goes on after a fault.
VerifyReport verify_log(const VerifyOptions& options);

}  // namespace portcullis
