// Any bytes as a signed note: opening it must not crash, must not accept what nobody signed, and
// what was taken apart must be the note again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "audit/cosignature.h"
#include "audit/note.h"

namespace {

using namespace std::string_view_literals;

constexpr portcullis::PublicKey key{1, 2, 3};
const portcullis::audit::WitnessKey witness{"witness.example", key};

void check_note(std::string_view text) {
  const auto note = portcullis::audit::parse_note(text);
  if (!note) return;
  if (!text.starts_with(note->text) || note->signatures.empty()) std::abort();
  if (!note->text.ends_with('\n') || text.substr(note->text.size(), 1) != "\n") std::abort();
  for (const auto& line : note->signatures) {
    if (line.signature.empty() || line.key_name.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_note(text);
  if (portcullis::audit::open_checkpoint(text, key)) std::abort();
  const auto cosigned = portcullis::audit::open_cosignatures(text, {&witness, 1});
  if (cosigned && !cosigned->empty()) std::abort();
  if (portcullis::audit::cosigned_note("a/0\n1\nx\n\n\u2014 a AAAAAAA=\n"sv, text, witness))
    std::abort();
  const auto parsed = portcullis::audit::parse_witness_key(text);
  if (parsed && !portcullis::audit::is_note_key_name(parsed->name)) std::abort();
  (void)portcullis::audit::parse_witness_keys(text);
  return 0;
}
