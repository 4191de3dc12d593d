// What a verifier finds wrong, with its place, until approvals and the precedence of exit codes are
// applied.
//
// Plain values, confined to one thread. All kinds are kept; the list itself is capped.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "audit/approval.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

inline constexpr std::size_t faults_max = 1000;  // that are listed

struct Place {
  std::uint64_t line = 0;
  std::uint64_t offset = 0;
};

// How many faults there are of each kind.
class FaultKinds {
 public:
  void add(VerifyExit kind, std::uint64_t count = 1) {
    counts_[static_cast<std::size_t>(kind)] += count;
  }
  void add(const FaultKinds& more);
  bool has(VerifyExit kind) const { return counts_[static_cast<std::size_t>(kind)] > 0; }
  std::uint64_t total() const;

 private:
  std::array<std::uint64_t, 6> counts_{};
};

// A fault, and the records that it is about: approvals name records.
struct Found {
  Fault fault;
  std::optional<SeqRange> about;
  std::uint64_t segment = 0;  // its ordinal: faults are in the order of the log
};

class FoundList {
 public:
  void add(Found found);
  const std::vector<Found>& listed() const { return listed_; }
  std::vector<Found>& listed() { return listed_; }
  // Beyond faults_max, neighbours of one kind as one.
  struct Unlisted {
    VerifyExit kind = VerifyExit::integrity;
    std::optional<SeqRange> about;
    std::uint64_t count = 0;
  };
  const std::vector<Unlisted>& unlisted() const { return unlisted_; }
  bool empty() const { return listed_.empty(); }
  // Those of segment number `segment`.
  void append(FoundList&& more, std::uint64_t segment);

 private:
  void add_unlisted(const Unlisted& more);
  std::vector<Found> listed_;
  std::vector<Unlisted> unlisted_;
};

}  // namespace portcullis::audit
