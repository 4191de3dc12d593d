#include "audit/verify_anchor.h"

#include <algorithm>

#include "base/crypto.h"

namespace portcullis::audit {
namespace {

// Whatever its signature is worth, a reply over this note holds the note's hash.
bool names_note(const Bytes& reply, std::string_view note) {
  const Digest imprint = sha256(note);
  return std::search(reply.begin(), reply.end(), imprint.begin(), imprint.end()) != reply.end();
}

AnchorVerdict judge_time_stamp(const AnchorClaim& claim, const AnchorTrust& trust) {
  if (!names_note(*claim.reply, claim.note)) {
    return {{}, {}, "the time-stamp is of something else than the checkpoint"};
  }
  if (!trust.authorities) {
    return {{}, "time-stamps: no certificate of an authority was given (--tsa-certificate)", {}};
  }
  const auto stamp = verify_time_stamp(*claim.reply, claim.note, *trust.authorities);
  if (!stamp) return {{}, "a time-stamp: " + stamp.error().message, {}};
  return {GoodAnchor{claim.size, stamp->seconds, "time_stamp", stamp->authority}, {}, {}};
}

AnchorVerdict judge_cosignatures(const AnchorClaim& claim, const AnchorTrust& trust) {
  if (trust.witnesses.empty()) {
    return {{}, "cosignatures: no key of a witness was given (--witness-key)", {}};
  }
  const auto cosignatures = open_cosignatures(claim.note, trust.witnesses);
  if (!cosignatures) return {{}, {}, cosignatures.error().message};
  if (cosignatures->empty()) {
    return {{}, "cosignatures: of witnesses whose key was not given", {}};
  }
  const auto newest =
      std::max_element(cosignatures->begin(), cosignatures->end(),
                       [](const auto& a, const auto& b) { return a.time < b.time; });
  return {GoodAnchor{claim.size, newest->time, "witness", newest->witness}, {}, {}};
}

}  // namespace

AnchorVerdict judge_anchor(const AnchorClaim& claim, const AnchorTrust& trust) {
  return claim.reply ? judge_time_stamp(claim, trust) : judge_cosignatures(claim, trust);
}

}  // namespace portcullis::audit
