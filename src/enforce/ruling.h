// The pure middle of an exchange, after the person is known: extract, classify, decide, transform,
// and the record of it. Never fails: whatever goes wrong is a ruling that denies.
//
// Thread-safety: judge() may run on any thread with a Scanner of that thread. Lifetimes: a Ruling
// owns everything in it.
#pragma once

#include <string>
#include <vector>

#include "enforce/evidence_key.h"
#include "enforce/inquiry.h"
#include "portcullis/audit.h"
#include "portcullis/classify.h"

namespace portcullis {

// One row of evidence.findings: all places of one type at one confidence.
struct FindingSummary {
  std::string type;
  std::string data_class;
  Confidence confidence = Confidence::low;
  std::uint32_t count = 0;
  std::vector<std::string> where;  // schema-safe pointers, at most 16, without repetition
  std::uint32_t more = 0;          // places beyond those
};

struct Ruling {
  Decision decision;
  std::string pointer;  // where in the body, of a content denial
  PolicyInput input;    // exactly what was decided on, free of a caller's text
  const UpstreamSection* upstream =
      nullptr;       // the model's, else the route's; owned by the snapshot
  std::string body;  // to forward; empty if denied
  std::optional<TokenEvidence> token;
  std::vector<FindingSummary> findings;
  std::vector<Unscanned> unscanned;
  std::uint64_t texts = 0;
  std::uint64_t bytes = 0;  // of text, scanned
  Digest received{};        // commitments; zero if the body was never read
  Digest forwarded{};
  bool was_body_read = false;
};

// The ruling on a whole request. `body` is as received, content coding and all.
Ruling judge(const Inquiry& inquiry, std::string body, Scanner& scanner, const EvidenceKey& key);

// The ruling on a request that was refused before its body was judged.
Ruling refuse(const Inquiry& inquiry, const Denial& denial, Scanner& scanner,
              const EvidenceKey& key);

}  // namespace portcullis
