// What a seal says of its segment: how many records of each type and effect, first and last time.
//
// A plain value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"

namespace portcullis::audit {

class Tally {
 public:
  void count(RecordType type, std::optional<Effect> effect, std::string_view time);
  // The seal's own members; everything before the seal was counted, the seal not.
  std::string members() const;

 private:
  std::array<std::uint64_t, record_type_count> types_{};
  std::array<std::uint64_t, 2> effects_{};
  std::string first_time_;
  std::string last_time_;
};

}  // namespace portcullis::audit
