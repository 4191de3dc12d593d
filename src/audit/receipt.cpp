#include <algorithm>

#include "audit/record.h"
#include "base/encoding.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

template <std::size_t size>
bool take_hex_field(std::string_view& text, std::array<std::uint8_t, size>& out) {
  const auto bytes = from_hex(text.substr(0, 2 * size));
  if (!bytes || bytes->size() != size) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  text.remove_prefix(2 * size);
  return true;
}

bool take_colon(std::string_view& text) {
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  return true;
}

bool take_number_field(std::string_view& text, std::uint64_t& out) {
  const auto value = audit::take_integer(text);
  if (value) out = *value;
  return value && take_colon(text);
}

}  // namespace

std::string Receipt::text() const {
  std::string out;
  out.reserve(256);
  out += "v1:";
  append_hex(out, stream);
  out += ':' + std::to_string(epoch) + ':' + std::to_string(seq) + ':';
  append_hex(out, hash);
  out += ':';
  append_hex(out, mac);
  return out;
}

std::optional<Receipt> Receipt::parse(std::string_view text) {
  if (!text.starts_with("v1:")) return std::nullopt;
  text.remove_prefix(3);
  Receipt receipt;
  const bool good = take_hex_field(text, receipt.stream) && take_colon(text) &&
                    take_number_field(text, receipt.epoch) &&
                    take_number_field(text, receipt.seq) && take_hex_field(text, receipt.hash) &&
                    take_colon(text) && take_hex_field(text, receipt.mac) && text.empty();
  if (!good) return std::nullopt;
  return receipt;
}

}  // namespace portcullis
