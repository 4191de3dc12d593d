// What time-stamps and cosignatures say of a checkpoint, under the keys that a verifier trusts.
//
// judge_anchor() is pure and safe from any thread. Nothing is said here about whether the
// checkpoint is one of the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/cosignature.h"
#include "audit/time_stamp.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

struct AnchorTrust {
  std::optional<TimeStampAuthorities> authorities;
  std::vector<WitnessKey> witnesses;
};

struct GoodAnchor {
  std::uint64_t size = 0;
  std::int64_t seconds = 0;  // since 1970
  std::string kind;
  std::string who;
};

// Exactly one of the three is there.
struct AnchorVerdict {
  std::optional<GoodAnchor> good;
  std::string not_counted;  // it says nothing under these keys: why
  std::string fault;        // it cannot be genuine: why
};

struct AnchorClaim {
  std::uint64_t size = 0;  // that the note signs
  std::string_view note;
  std::optional<Bytes> reply;  // of a time-stamp authority; none: the note's cosignatures count
};
AnchorVerdict judge_anchor(const AnchorClaim& claim, const AnchorTrust& trust);

}  // namespace portcullis::audit
