// What stands in the place of a record that was erased by permission:
//
//   {"erased":seq,"h":"<64 hex>","leaf":"<64 hex>","mac":"<64 hex>"}
//
// Pure functions, safe from any thread. Judged is the form and that h and mac give the leaf; the
// mac, the place and the permission are the verifier's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "portcullis/types.h"

namespace portcullis::audit {

struct ErasedRecord {
  std::uint64_t seq = 0;
  Digest hash{};
  Digest leaf{};
  Digest mac{};
};

// With its line feed.
std::string erased_line(const ErasedRecord& record);
// `line` without its line feed; nullopt for anything else.
std::optional<ErasedRecord> parse_erased(std::string_view line);

}  // namespace portcullis::audit
