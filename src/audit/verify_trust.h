// What a verifier was given from outside the directories, loaded and in form.
//
// Immutable once loaded; safe from any thread. Whatever cannot be used is named, all at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/escrow.h"
#include "audit/verify_anchor.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

// A note that was kept outside the host. Its signatures are not judged yet.
struct OutsideAnchor {
  std::string path;
  std::string note;
  std::string origin;          // as its text says
  std::uint64_t size = 0;      // as its text says
  std::optional<Bytes> reply;  // of a time-stamp authority
};

struct VerifyTrust {
  std::optional<PublicKey> public_key;
  std::optional<Digest> first_key;  // K_0
  std::optional<EscrowPrivateKey> escrow;
  std::optional<PublicKey> approver_key;
  AnchorTrust anchors;
  std::vector<OutsideAnchor> outside;
  std::vector<Receipt> receipts;  // by stream and seq
  std::optional<std::vector<std::string>> manifest;
  std::string from, to;         // record times; empty: not limited
  std::int64_t anchor_age = 0;  // seconds
};

// A fault for each option that cannot be used.
VerifyTrust load_trust(const VerifyOptions& options, std::vector<Fault>& faults);

}  // namespace portcullis::audit
