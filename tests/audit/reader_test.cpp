#include "audit/reader.h"

#include "audit/input.h"
#include "audit/record.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

struct Seen {
  Line::Kind kind;
  std::string text;
  std::uint64_t number;
  std::uint64_t offset;
};

std::vector<Seen> read(const std::string& content, const std::string& name = "s") {
  TemporaryDirectory home;
  write_text(home.path() + '/' + name, content);
  auto reader = SegmentReader::open(home.path() + '/' + name);
  EXPECT_TRUE(reader.has_value());
  std::vector<Seen> seen;
  for (;;) {
    const auto line = reader->next();
    EXPECT_TRUE(line.has_value());
    seen.push_back({line->kind, std::string(line->text), line->number, line->offset});
    if (line->kind == Line::Kind::end) return seen;
  }
}

using Kind = Line::Kind;

TEST(Reader, TellsLinesFromTearsAndUnwrittenSpace) {
  const auto seen = read("one\n\ntwo\n" + std::string(700000, '\0') + "x\nrest");
  ASSERT_EQ(seen.size(), 7u);
  EXPECT_EQ(seen[0].text, "one");
  EXPECT_EQ(seen[1].text, "");
  EXPECT_EQ(seen[2].offset, 5u);
  EXPECT_EQ(seen[3].kind, Kind::unwritten);
  EXPECT_EQ(seen[3].number, 4u);
  EXPECT_EQ(seen[4].text, "x");
  EXPECT_EQ(seen[4].number, 4u);
  EXPECT_EQ(seen[4].offset, 700009u);
  EXPECT_EQ(seen[5].kind, Kind::torn);
  EXPECT_EQ(seen[5].text, "rest");
  EXPECT_EQ(seen[6].kind, Kind::end);
}

TEST(Reader, TellsATearBeforeMuchUnwrittenSpaceFromALongLine) {
  const auto seen = read("one\ntwo" + std::string(line_bytes_max + 100, '\0'));
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[1].kind, Kind::torn);
  EXPECT_EQ(seen[1].text, "two");
  EXPECT_EQ(seen[1].offset, 4u);
  EXPECT_EQ(seen[2].kind, Kind::unwritten);
  EXPECT_EQ(seen[2].offset, 7u);
  EXPECT_EQ(seen[3].kind, Kind::end);
  const auto more = read("two" + std::string(line_bytes_max + 100, '\0') + "x\n");
  ASSERT_EQ(more.size(), 4u);
  EXPECT_EQ(more[0].kind, Kind::torn);
  EXPECT_EQ(more[2].kind, Kind::record);
}

TEST(Reader, KeepsLinesThatCrossItsBuffer) {
  std::string content;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < 400; ++i) {
    lines.push_back(std::string(i * 37 % 5000, static_cast<char>('a' + i % 26)));
    content += lines.back() + '\n';
  }
  const auto seen = read(content);
  ASSERT_EQ(seen.size(), lines.size() + 1);
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(seen[i].text, lines[i]);
    EXPECT_EQ(seen[i].number, i + 1);
    EXPECT_EQ(seen[i].offset, offset);
    offset += lines[i].size() + 1;
  }
}

TEST(Reader, BoundsALine) {
  const std::string longest(line_bytes_max, 'x');
  auto seen = read(longest + '\n' + longest + "y\nz\n");
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].kind, Kind::record);
  EXPECT_EQ(seen[1].kind, Kind::too_long);
  EXPECT_EQ(seen[2].text, "z");
  EXPECT_EQ(seen[2].number, 3u);
  seen = read(std::string(5u << 20, 'x'));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].kind, Kind::too_long);
  EXPECT_EQ(seen[1].kind, Kind::end);
}

// The error with which a compressed segment ends; empty: none.
std::string error_of(const std::string& file) {
  TemporaryDirectory home;
  write_text(home.path() + "/s.zst", file);
  auto reader = SegmentReader::open(home.path() + "/s.zst");
  for (;;) {
    const auto line = reader->next();
    if (!line) return line.error().message;
    if (line->kind == Line::Kind::end) return {};
  }
}

std::string text_of_lines() {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "line " + std::to_string(i * 7919) + '\n';
  return text;
}

TEST(Reader, ReadsACompressedSegmentLikeAPlainOne) {
  const std::string text = text_of_lines() + "rest";
  const auto plain = read(text);
  const auto seen = read(compressed(text), "s.zst");
  ASSERT_EQ(seen.size(), plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(seen[i].text, plain[i].text);
    EXPECT_EQ(seen[i].offset, plain[i].offset);
    EXPECT_EQ(seen[i].kind, plain[i].kind);
  }
}

TEST(Reader, NamesDamageToTheCompression) {
  const std::string good = compressed(text_of_lines());
  EXPECT_EQ(error_of(good), "");
  EXPECT_NE(error_of("").find("too early"), std::string::npos);
  EXPECT_NE(error_of(good.substr(0, 4)).find("too early"), std::string::npos);
  EXPECT_NE(error_of(good.substr(0, good.size() - 1)).find("too early"), std::string::npos);
  EXPECT_NE(error_of(good + 'x').find("bytes follow"), std::string::npos);
  EXPECT_NE(error_of(good + good).find("bytes follow"), std::string::npos);
  std::string bad = good;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  EXPECT_NE(error_of(bad).find("checksum"), std::string::npos);
  for (const int bit : {0x01, 0x04, 0x08, 0x10}) {
    bad = good;
    bad[4] = static_cast<char>(bad[4] ^ bit);
    EXPECT_NE(error_of(bad).find("not one frame"), std::string::npos) << bit;
  }
  EXPECT_NE(error_of("no frame at all").find("damaged"), std::string::npos);
}

TEST(Reader, ListsEachSegmentOnce) {
  TemporaryDirectory home;
  for (const std::string& name :
       {segment_name(7), compressed_segment_name(7), compressed_segment_name(0),
        segment_name(1) + ".zst.tmp", segment_name(1) + ".tmp", std::string("checkpoint")}) {
    write_text(home.path() + '/' + name, "");
  }
  const auto segments = list_segments(home.path());
  ASSERT_TRUE(segments.has_value());
  ASSERT_EQ(segments->size(), 2u);
  EXPECT_EQ((*segments)[0].name, "00000000000000000000.jsonl.zst");
  EXPECT_EQ((*segments)[1].name, "00000000000000000007.jsonl");
}

}  // namespace
}  // namespace portcullis::audit
