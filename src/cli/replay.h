// Whether a recorded decision is the one that its policy makes of its recorded input.
//
// A Replayer is immutable once its policies are added; confined to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "portcullis/policy.h"

namespace portcullis::cli {

enum class ReplayResult : std::uint8_t {
  same,
  different,
  other_policy,   // recorded under a policy that was not given
  not_by_policy,  // refused before the policy was asked, or after it had allowed
  unreadable,     // no input or decision that this program knows
};

struct Replayed {
  ReplayResult result = ReplayResult::unreadable;
  std::string detail;  // what differs; the digest; the reason; what cannot be read
};

class Replayer {
 public:
  void add(std::shared_ptr<const PolicySet> policy);
  // `record` is a decision.
  Replayed replay(const nlohmann::json& record) const;

 private:
  std::map<std::string, std::shared_ptr<const PolicySet>> policies_;  // by digest, hex
};

}  // namespace portcullis::cli
