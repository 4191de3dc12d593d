#include "audit/reader.h"

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

std::vector<Seen> read(const std::string& content) {
  TemporaryDirectory home;
  write_text(home.path() + "/s", content);
  auto reader = SegmentReader::open(home.path() + "/s");
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

}  // namespace
}  // namespace portcullis::audit
