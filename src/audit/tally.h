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
  std::uint64_t count(RecordType type) const { return types_[static_cast<std::size_t>(type)]; }
  std::uint64_t count(Effect effect) const { return effects_[static_cast<std::size_t>(effect)]; }
  // Records that are not there to be counted any more.
  void add(RecordType type, std::uint64_t records) {
    types_[static_cast<std::size_t>(type)] += records;
  }
  void add(Effect effect, std::uint64_t records) {
    effects_[static_cast<std::size_t>(effect)] += records;
  }
  // The seal's own members; everything before the seal was counted, the seal not.
  std::string members() const;

 private:
  std::array<std::uint64_t, record_type_count> types_{};
  std::array<std::uint64_t, 2> effects_{};
  std::string first_time_;
  std::string last_time_;
};

}  // namespace portcullis::audit
