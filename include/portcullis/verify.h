// Verifying audit logs, offline and read-only, by someone who trusts neither operator nor daemon.
// docs/audit-log-format.md has the bytes and what a verifier concludes.
//
// verify_log() is safe from any thread; it never throws and never writes. Errors are part of the
// report: what cannot be read is a fault like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace portcullis {

// In this version nothing outside the host anchors a log, so a log without a fault is `unanchored`.
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

struct VerifyOptions {
  std::vector<std::string> directories;
  std::string public_key_file;  // from outside the directories; empty: self-asserted
  std::string key_file;  // K_0, hex; empty: macs are not checked unless escrow_key_file is given
  std::string escrow_key_file;  // RSA private key that unwraps K_0 from the genesis record
  std::vector<std::string> receipts;
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
};

// Offline and read-only; goes on after a fault.
VerifyReport verify_log(const VerifyOptions& options);

}  // namespace portcullis
