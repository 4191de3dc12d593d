// Any bytes as a proof of one record, an approval or an erased line: reading them must not crash,
// must not accept what nobody signed, and what was read is written as the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/approval.h"
#include "audit/erased.h"
#include "audit/record_proof.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis::audit;
  constexpr portcullis::PublicKey nobody{1, 2, 3};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (open_approval(text, nobody)) std::abort();
  if (const auto erased = parse_erased(text)) {
    if (erased_line(*erased) != std::string(text) + '\n') std::abort();
  }
  const auto proof = parse_record_proof(text);
  if (!proof) return 0;
  if (check_record_proof(*proof, nobody)) std::abort();
  (void)check_record_proof(*proof, proof->public_key);
  const std::string json = to_json(*proof);
  const auto again = parse_record_proof(json);
  if (!again || to_json(*again) != json) std::abort();
  return 0;
}
