#include "audit/record.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view leaf_name = ",\"leaf\":\"";
constexpr std::string_view mac_name = "\",\"mac\":\"";
constexpr std::string_view line_end = "\"}";
static_assert(leaf_name.size() + mac_name.size() + line_end.size() + 128 == suffix_bytes);

void append_integer(std::string& out, std::uint64_t value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

bool take(std::string_view& text, std::string_view literal) {
  if (!text.starts_with(literal)) return false;
  text.remove_prefix(literal.size());
  return true;
}

template <std::size_t size>
bool take_hex(std::string_view& text, std::array<std::uint8_t, size>& out) {
  if (!decode_hex(text.substr(0, 2 * size), out)) return false;
  text.remove_prefix(2 * size);
  return true;
}

bool take_integer_into(std::string_view& text, std::uint64_t& out) {
  const auto value = take_integer(text);
  if (value) out = *value;
  return value.has_value();
}

// The digits of "2026-11-22T15:44:01.000000000Z"; whether they are a date is not judged.
bool take_time(std::string_view& text, std::string_view& out) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
  static_assert(shape.size() == time_bytes);
  if (text.size() < shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = text[i];
    if (shape[i] == 'd' ? (c < '0' || c > '9') : c != shape[i]) return false;
  }
  out = text.substr(0, shape.size());
  text.remove_prefix(shape.size());
  return true;
}

bool take_type(std::string_view& text, RecordType& out) {
  const std::size_t end = text.find('"');
  if (end == std::string_view::npos) return false;
  const auto type = record_type_from_name(text.substr(0, end));
  if (!type) return false;
  out = *type;
  text.remove_prefix(end + 1);
  return true;
}

bool take_head(std::string_view& text, RecordHead& head) {
  return take(text, ",\"stream\":\"") && take_hex(text, head.stream) && take(text, "\",\"seq\":") &&
         take_integer_into(text, head.seq) && take(text, ",\"prev\":\"") &&
         take_hex(text, head.prev) && take(text, "\",\"batch\":") &&
         take_integer_into(text, head.batch) && take(text, ",\"epoch\":") &&
         take_integer_into(text, head.epoch) && take(text, ",\"time\":\"") &&
         take_time(text, head.time) && take(text, "\",\"salt\":\"") && take_hex(text, head.salt) &&
         take(text, "\",\"type\":\"") && take_type(text, head.type);
}

bool take_suffix(std::string_view text, ParsedRecord& record) {
  return take(text, leaf_name) && take_hex(text, record.leaf) && take(text, mac_name) &&
         take_hex(text, record.mac) && text == line_end;
}

}  // namespace

void append_record(std::string& out, const RecordHead& head, std::string_view members) {
  out += "{\"v\":1,\"stream\":\"";
  append_hex(out, head.stream);
  out += "\",\"seq\":";
  append_integer(out, head.seq);
  out += ",\"prev\":\"";
  append_hex(out, head.prev);
  out += "\",\"batch\":";
  append_integer(out, head.batch);
  out += ",\"epoch\":";
  append_integer(out, head.epoch);
  out += ",\"time\":\"";
  out += head.time;
  out += "\",\"salt\":\"";
  append_hex(out, head.salt);
  out += "\",\"type\":\"";
  out += record_type_name(head.type);
  out += '"';
  if (!members.empty()) out += ',';
  out += members;
}

void append_suffix(std::string& out, const Digest& leaf, const Digest& mac) {
  out += leaf_name;
  append_hex(out, leaf);
  out += mac_name;
  append_hex(out, mac);
  out += line_end;
  out += '\n';
}

std::optional<std::uint64_t> take_integer(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || value > integer_max || (length > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  text.remove_prefix(length);
  return value;
}

Result<ParsedRecord> parse_record(std::string_view line) {
  std::string_view text = line;
  std::uint64_t version = 0;
  if (!take(text, "{\"v\":") || !take_integer_into(text, version)) {
    return failure(Cause::invalid, "not a record");
  }
  if (version != 1) {
    return failure(Cause::unsupported,
                   "record version " + std::to_string(version) + " is not known to this program");
  }
  ParsedRecord record;
  if (!take_head(text, record.head)) {
    return failure(Cause::invalid, "not a record: its first members are not in form");
  }
  if (text.size() < suffix_bytes || !take_suffix(text.substr(text.size() - suffix_bytes), record)) {
    return failure(Cause::invalid, "not a record: no leaf and mac at its end");
  }
  record.body = line.substr(0, line.size() - suffix_bytes);
  record.members = text.substr(0, text.size() - suffix_bytes);
  if (record.body.size() > record_bytes_max) {
    return failure(Cause::invalid, "not a record: larger than version 1 allows");
  }
  if (!record.members.empty() && (!take(record.members, ",") || record.members.empty())) {
    return failure(Cause::invalid, "not a record: no comma and members after its type");
  }
  return record;
}

bool is_recordable(std::string_view members) {
  // Or a text's own backslash before "u0000", which no text has that may stand in a record.
  if (members.find("\\u0000") != std::string_view::npos) return false;
  while (members.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, members.data(), 8);
    // The second term sets the high bit of each byte below 0x20 (and perhaps of one after it).
    const std::uint64_t suspect = word | ((word - 0x2020202020202020u) & ~word);
    if ((suspect & 0x8080808080808080u) != 0) break;
    members.remove_prefix(8);
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  return std::none_of(members.begin(), members.end(), control) && is_utf8(members);
}

}  // namespace portcullis::audit
