// The keys inside a KeySet, found by `kid` and by nothing else.
//
// Thread-safety and lifetime: those of KeySet (portcullis/identity.h), which owns them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "identity/verification_key.h"
#include "portcullis/identity.h"

namespace portcullis {

inline constexpr std::size_t keys_max = 256;  // of one issuer

struct KeySet::Keys {
  std::map<std::string, VerificationKey, std::less<>> by_id;
  std::vector<std::string> left_out;
  const VerificationKey* find(std::string_view key_id) const;
};

}  // namespace portcullis
