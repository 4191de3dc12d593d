// Commitments and keyed digests under the operator's evidence key E: they let a holder of E confirm
// that a given text is what a record speaks of, and tell nobody else anything.
//
// Uses are separated by HKDF info. commit = HMAC(HMAC(HKDF(E, "commit"), id ":" part), bytes).
// Thread-safety: immutable after construction.
#pragma once

#include <string>
#include <string_view>

#include "base/crypto.h"

namespace portcullis {

class EvidenceKey {
 public:
  explicit EvidenceKey(const Digest& key)
      : commit_(hkdf_sha256(key, "commit")), digest_(hkdf_sha256(key, "digest")) {}

  // The key for one part (received, forwarded, returned) of one decision.
  Digest commit_key(std::string_view decision_id, std::string_view part) const {
    std::string message(decision_id);
    message += ':';
    message += part;
    return commit_(message);
  }
  // Stands for a text that may not be recorded: "hmac:<16 hex>:<length>".
  std::string stand_in(std::string_view text) const {
    const Digest mac = digest_(text);
    return "hmac:" + hex(ByteView(mac).first(8)) + ":" + std::to_string(text.size());
  }

 private:
  Hmac commit_;
  Hmac digest_;
};

}  // namespace portcullis
