#include "audit/record.h"

#include <gtest/gtest.h>

#include "audit/chain.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

// Computed with Python's hashlib and hmac: see docs/audit-log-format.md, Test vector.
constexpr std::string_view vector_line =
    R"({"v":1,"stream":"000102030405060708090a0b0c0d0e0f","seq":0,"prev":"0000000000000000000000000000000000000000000000000000000000000000","batch":0,"epoch":0,"time":"2026-11-22T15:44:01.000000000Z","salt":"101112131415161718191a1b1c1d1e1f","type":"change","note":"caf\u00e9 )"
    "\xC3\xA9"
    R"(","leaf":"b1a9896bec609c26af9689849672dbc5a2b642a3a7fc74dc17c15345055aa457","mac":"f93708329c1723481ef9be4d4403a1788152a2b741bda013b841bb3f9b7ceacf"})";

RecordHead vector_head() {
  RecordHead head;
  for (std::size_t i = 0; i < 16; ++i) {
    head.stream[i] = static_cast<std::uint8_t>(i);
    head.salt[i] = static_cast<std::uint8_t>(16 + i);
  }
  head.time = "2026-11-22T15:44:01.000000000Z";
  head.type = RecordType::change;
  return head;
}

EpochKey vector_key() {
  EpochKey key;
  key.key.fill(0x42);
  return key;
}

TEST(Record, MatchesTheTestVector) {
  const RecordHead head = vector_head();
  Chain chain(head.stream, {}, vector_key());
  std::string line;
  NewRecord record;
  record.type = head.type;
  record.time = head.time;
  record.salt = head.salt;
  record.members = "\"note\":\"caf\\u00e9 \xC3\xA9\"";
  const Receipt receipt = chain.append(line, record);
  EXPECT_EQ(line, std::string(vector_line) + '\n');
  EXPECT_EQ(chain.next_seq(), 1u);
  EXPECT_EQ(Receipt::parse(receipt.text())->text(), receipt.text());
}

TEST(Record, KeysEvolve) {
  const EpochKey next = next_epoch(vector_key());
  EXPECT_EQ(next.epoch, 1u);
  EXPECT_EQ(hex(next.key), "d1a6455263b940f6e3892d1242418a19f9d2269b93ba490be830a7801294347e");
}

TEST(Record, ParsesWhatItWrites) {
  const auto record = parse_record(vector_line);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(record->head.stream, vector_head().stream);
  EXPECT_EQ(record->head.salt, vector_head().salt);
  EXPECT_EQ(record->head.time, vector_head().time);
  EXPECT_EQ(record->head.type, RecordType::change);
  EXPECT_EQ(record->members, "\"note\":\"caf\\u00e9 \xC3\xA9\"");
  std::string again;
  append_record(again, record->head, record->members);
  EXPECT_EQ(again, record->body);
  append_suffix(again, record->leaf, record->mac);
  EXPECT_EQ(again, std::string(vector_line) + '\n');
}

TEST(Record, RefusesEveryTruncationAndChangedHead) {
  for (std::size_t length = 0; length < vector_line.size(); ++length) {
    EXPECT_FALSE(parse_record(vector_line.substr(0, length)).has_value()) << length;
  }
  const std::pair<const char*, const char*> changes[] = {
      {"\"seq\":0", "\"seq\":00"},
      {"\"seq\":0", "\"seq\":-1"},
      {"\"seq\":0", "\"seq\":0.0"},
      {"\"seq\":0", "\"seq\":9007199254740992"},
      {"\"seq\":0", "\"seq\":99999999999999999999999"},
      {"\"seq\":0", "\"seq\": 0"},
      {"000102", "00010G"},
      {"0a0b", "0A0B"},
      {"T15", " 15"},
      {"000Z", "000z"},
      {"change", "chance"},
      {"\"change\",", "\"change\" "},
      {"\"v\":1", "\"v\":01"},
      {"\"salt\"", "\"sald\""},
  };
  for (const auto& [from, to] : changes) {
    std::string line(vector_line);
    line.replace(line.find(from), std::string_view(from).size(), to);
    EXPECT_FALSE(parse_record(line).has_value()) << to;
  }
}

TEST(Record, AnotherVersionIsUnsupportedNotInvalid) {
  EXPECT_EQ(parse_record("{\"v\":2,\"x\":[]}").error().cause, Cause::unsupported);
  EXPECT_EQ(parse_record("{\"v\":x}").error().cause, Cause::invalid);
}

TEST(Record, RecordableIsUtf8WithoutControls) {
  EXPECT_TRUE(is_recordable(""));
  EXPECT_TRUE(is_recordable("plain ASCII of more than eight bytes\x7f"));
  EXPECT_TRUE(is_recordable("12345678\xF0\x9F\x98\x80 and more of it"));
  EXPECT_FALSE(is_recordable("\"a\":\"\\u0000\""));
  for (std::size_t at = 0; at < 24; ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string text(24, 'a');
      text[at] = static_cast<char>(value);
      EXPECT_EQ(is_recordable(text), value >= 0x20 && value < 0x80) << at << ' ' << value;
    }
  }
}

TEST(Receipt, ParsesOnlyItsOwnForm) {
  const std::string good = "v1:000102030405060708090a0b0c0d0e0f:3:12:" + std::string(64, 'a') +
                           ':' + std::string(64, 'b');
  ASSERT_TRUE(Receipt::parse(good).has_value());
  EXPECT_EQ(Receipt::parse(good)->text(), good);
  EXPECT_EQ(Receipt::parse(good)->epoch, 3u);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(Receipt::parse(good.substr(0, length)).has_value());
  }
  for (const char* bad : {"v2", "V1", "v1 "}) {
    EXPECT_FALSE(Receipt::parse(bad + good.substr(2)).has_value());
  }
  EXPECT_FALSE(Receipt::parse(good + ":").has_value());
  EXPECT_FALSE(Receipt::parse(good + "\n").has_value());
}

}  // namespace
}  // namespace portcullis::audit
