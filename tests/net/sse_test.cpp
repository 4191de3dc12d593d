#include "net/sse.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace portcullis {
namespace {

struct Split {
  std::vector<std::string> events;
  std::size_t pending = 0;
  friend bool operator==(const Split&, const Split&) = default;
};

Split split(const std::vector<std::string>& pieces) {
  SseSplitter splitter;
  Split out;
  for (const std::string& piece : pieces) {
    splitter.feed(piece);
    while (auto event = splitter.next()) out.events.push_back(*event);
  }
  out.pending = splitter.pending();
  return out;
}

std::string all_of(const Split& split_stream, const std::string& stream) {
  std::string out;
  for (const std::string& event : split_stream.events) out += event;
  return out + stream.substr(stream.size() - split_stream.pending);
}

std::vector<std::string> bytes_of(const std::string& stream) {
  std::vector<std::string> out;
  for (const char byte : stream) out.emplace_back(1, byte);
  return out;
}

TEST(SseSplitter, EveryKindOfLineBreak) {
  using Events = std::vector<std::string>;
  struct Row {
    std::string stream;
    Events events;
  };
  const Row rows[] = {
      {"data: a\n\ndata: b\n\n", {"data: a\n\n", "data: b\n\n"}},
      {"data: a\r\n\r\ndata: b\r\n\r\n", {"data: a\r\n\r\n", "data: b\r\n\r\n"}},
      {"data: a\r\rdata: b\r\rx", {"data: a\r\r", "data: b\r\r"}},
      {"data: a\r\n\ndata: b\n\r\n", {"data: a\r\n\n", "data: b\n\r\n"}},
      {"data: a\n\rdata: b", {"data: a\n\r"}},
      {"data: a\nid: 1\n\n", {"data: a\nid: 1\n\n"}},
      {"data: a\r\nid: 1\r\n\r\n", {"data: a\r\nid: 1\r\n\r\n"}},
      {"data: a\rid: 1\r\rx", {"data: a\rid: 1\r\r"}},
      {": comment\n\n", {": comment\n\n"}},
      {"data: a", {}},
      {"data: a\n", {}},
      {"data: a\r\n", {}},
      {"data: a\r", {}},
      {"", {}},
  };
  for (const Row& row : rows) {
    const Split whole = split({row.stream});
    EXPECT_EQ(whole.events, row.events) << row.stream;
    EXPECT_EQ(all_of(whole, row.stream), row.stream);
  }
}

TEST(SseSplitter, AnUndecidedCarriageReturnWaits) {
  SseSplitter splitter;
  splitter.feed("data: a\r\n\r");
  EXPECT_FALSE(splitter.next());
  splitter.feed("\n");
  EXPECT_EQ(splitter.next(), "data: a\r\n\r\n");
  EXPECT_EQ(splitter.pending(), 0u);
}

// The property: however a stream is cut, its events are the same, and no byte is lost or added.
TEST(SseSplitter, WhereTheNetworkCutsDoesNotMatter) {
  std::mt19937 random(7);
  constexpr const char* parts[] = {"\n",      "\r", "\r\n", "\n\n", "\r\n\r\n",
                                   "data: x", "a",  ":",    " "};
  for (int round = 0; round < 3000; ++round) {
    std::string stream;
    for (auto n = random() % 24; n > 0; --n) stream += parts[random() % std::size(parts)];
    const Split whole = split({stream});
    ASSERT_EQ(all_of(whole, stream), stream) << round;
    ASSERT_EQ(split(bytes_of(stream)), whole) << round;
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t bytes = 1 + random() % 5;
      pieces.push_back(stream.substr(at, bytes));
      at += bytes;
    }
    ASSERT_EQ(split(pieces), whole) << round;
  }
}

TEST(SseSplitter, ManySmallEventsStayCheap) {
  std::string stream;
  for (int i = 0; i < 200000; ++i) stream += "data: x\n\n";
  EXPECT_EQ(split({stream}).events.size(), 200000u);
}

TEST(SseSplitter, ALongEventInManyPiecesStaysCheap) {
  SseSplitter splitter;
  for (int i = 0; i < 200000; ++i) {
    splitter.feed("data: x\n");
    ASSERT_FALSE(splitter.next());
  }
  EXPECT_EQ(splitter.pending(), 200000u * 8);
}

TEST(SseSplitter, TellsARestThatIsPartOfAnEvent) {
  struct Row {
    const char* rest;
    bool within;
  };
  constexpr Row rows[] = {{"", false},
                          {"\n", false},
                          {"\r\n", false},
                          {"\r", false},
                          {": keep\n", false},
                          {"\n: keep", false},
                          {":", false},
                          {"data: x", true},
                          {"data: x\n", true},
                          {"d", true},
                          {": keep\nid: 1\n", true},
                          {"\n d", true}};
  for (const Row& row : rows) {
    SseSplitter splitter;
    splitter.feed("data: a\n\n" + std::string(row.rest));
    while (splitter.next()) continue;
    EXPECT_EQ(splitter.is_within_event(), row.within) << row.rest;
  }
}

TEST(SseData, JoinsTheDataLines) {
  struct Row {
    const char* event;
    const char* data;
  };
  constexpr Row rows[] = {{"data: a\n\n", "a"},
                          {"data:a\n\n", "a"},
                          {"data:  a\n\n", " a"},
                          {"data: a\ndata: b\n\n", "a\nb"},
                          {"data: a\r\ndata: b\r\n\r\n", "a\nb"},
                          {"data: a\rdata: b\r\r", "a\nb"},
                          {"event: x\ndata: a\nid: 1\n\n", "a"},
                          {"data: \ndata: b\n\n", "\nb"},
                          {"data2: a\n\n", ""},
                          {" data: a\n\n", ""},
                          {": data: a\n\n", ""},
                          {"\n\n", ""},
                          {"", ""}};
  for (const Row& row : rows) EXPECT_EQ(sse_data(row.event), row.data) << row.event;
}

}  // namespace
}  // namespace portcullis
