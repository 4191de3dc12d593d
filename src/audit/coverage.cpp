#include "audit/coverage.h"

#include <algorithm>
#include <cstring>

#include "audit/moment.h"
#include "base/crypto.h"

namespace portcullis::audit {
namespace {

constexpr std::int64_t silence_seconds_min = 3600;  // a segment's usual age
constexpr std::size_t silences_max = 5;
constexpr std::size_t minute_end = 16;  // of "2026-11-22T15:44:01.000000000Z"

// So that nobody can choose identifiers that all fall into one bucket.
std::uint64_t hash_seed() {
  static const std::uint64_t seed = [] {
    std::array<std::uint8_t, 8> bytes;
    random_bytes(bytes);
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value | 1;
  }();
  return seed;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::size_t DecisionIdHash::operator()(const DecisionId& id) const {
  const std::uint64_t seed = hash_seed();
  return mix(mix(id.high ^ seed, 0x9E3779B97F4A7C15u) ^ id.low, seed);
}

DecisionId decision_id(std::string_view text) {
  constexpr std::size_t dashes[] = {8, 13, 18, 23};
  std::array<char, 32> digits{};
  std::array<std::uint8_t, 32> bytes{};
  bool plain = text.size() == 36;
  for (std::size_t i = 0, at = 0; plain && i < text.size(); ++i) {
    const bool dash = std::find(std::begin(dashes), std::end(dashes), i) != std::end(dashes);
    if (dash) plain = text[i] == '-';
    if (!dash) digits[at++] = text[i];
  }
  plain = plain && decode_hex({digits.data(), digits.size()}, std::span(bytes).first(16));
  if (!plain) bytes = sha256(text);
  DecisionId id;
  std::memcpy(&id.high, bytes.data(), 8);
  std::memcpy(&id.low, bytes.data() + 8, 8);
  return id;
}

void add_time_gap(std::vector<TimeGap>& gaps, TimeGap gap) {
  gaps.push_back(std::move(gap));
  if (gaps.size() <= silences_max) return;
  const auto shorter = [](const TimeGap& a, const TimeGap& b) { return a.seconds < b.seconds; };
  gaps.erase(std::min_element(gaps.begin(), gaps.end(), shorter));
}

void note_silence(std::vector<TimeGap>& gaps, std::string_view from, std::string_view to,
                  std::uint64_t seq) {
  if (from.substr(0, minute_end) == to.substr(0, minute_end)) return;
  const auto begin = seconds_of(from);
  const auto end = seconds_of(to);
  if (!begin || !end || *end - *begin < silence_seconds_min) return;
  add_time_gap(gaps, {seq, std::string(from), std::string(to), *end - *begin});
}

}  // namespace portcullis::audit
