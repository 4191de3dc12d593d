// The members of the decision, outcome, change and shed records, in their fixed order
// (docs/audit-log-format.md).
//
// Pure functions over values that are fit to be recorded (enforce/recordable.h): no prompt text, no
// token, no matched value can get here.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "enforce/inquiry.h"
#include "enforce/ruling.h"
#include "portcullis/audit.h"

namespace portcullis {

Draft draft_decision(const Inquiry& inquiry, const Ruling& ruling);

// Where a recorded value was learnt: never guessed.
enum class Provenance : std::uint8_t { unknown, config, header, body };

struct Learnt {
  std::string value;
  Provenance from = Provenance::unknown;
};

// How an exchange that was forwarded ended.
struct Outcome {
  std::string upstream;
  Learnt provider;
  Learnt model;
  unsigned status = 0;            // the upstream's; 0: no answer
  Reason failure = Reason::none;  // an upstream_* reason, deadline, or none
  std::optional<std::int64_t> input_tokens;
  std::optional<std::int64_t> output_tokens;
  std::uint64_t bytes = 0;                  // of the answer's body, returned to the caller
  std::chrono::microseconds first_byte{0};  // forwarded to the answer's head
  std::chrono::microseconds total{0};       // the request's first byte to the answer's last
  bool client_aborted = false;
  std::optional<std::uint64_t> cut_at;  // offset in the body at which a stream was cut
  std::optional<Digest> returned;       // commitment
};
Draft draft_outcome(const std::string& decision_id, std::uint64_t decision_seq,
                    const Outcome& outcome);

// Something that a decision depends on changed, or was loaded at start.
struct Change {
  std::string what;  // config, policy, detectors, directory, keys
  std::string name;  // of the policy set or issuer; may be empty
  Digest digest{};
};
Draft draft_change(const Change& change);

// Refusals before a decision, counted.
struct ShedRow {
  Reason reason = Reason::overloaded;
  std::string source;  // network
  std::uint64_t count = 0;
};
inline constexpr std::size_t shed_rows_max = 64;
Draft draft_shed(const std::vector<ShedRow>& rows);

}  // namespace portcullis
