#include "audit/erased.h"

#include <algorithm>

#include "audit/chain.h"
#include "audit/record.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view start = "{\"erased\":";
constexpr std::size_t line_max = 256;

// Lenient: its caller compares the whole line with what it should be.
bool read_digest(std::string_view line, std::string_view name, Digest& out) {
  const std::size_t at = line.find(name);
  if (at == std::string_view::npos) return false;
  const auto bytes = from_hex(line.substr(at + name.size(), 2 * out.size()));
  if (!bytes || bytes->size() != out.size()) return false;
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return true;
}

}  // namespace

std::string erased_line(const ErasedRecord& record) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().integer("erased", static_cast<std::int64_t>(record.seq));
  json.name("h").hex(record.hash).name("leaf").hex(record.leaf).name("mac").hex(record.mac);
  json.end_object();
  out += '\n';
  return out;
}

std::optional<ErasedRecord> parse_erased(std::string_view line) {
  if (line.size() > line_max || !line.starts_with(start)) return std::nullopt;
  std::string_view rest = line.substr(start.size());
  const auto seq = take_integer(rest);
  ErasedRecord record;
  if (!seq || !read_digest(rest, "\"h\":\"", record.hash) ||
      !read_digest(rest, "\"leaf\":\"", record.leaf) ||
      !read_digest(rest, "\"mac\":\"", record.mac)) {
    return std::nullopt;
  }
  record.seq = *seq;
  std::string canonical = erased_line(record);
  canonical.pop_back();
  if (line != canonical || leaf_hash(record.hash, record.mac) != record.leaf) return std::nullopt;
  return record;
}

}  // namespace portcullis::audit
