#include "net/support.h"

namespace portcullis::test {
namespace {

constexpr std::size_t body_bytes_max = 64;

ReadAnswer read_whole(const std::string& bytes) {
  Wire wire;
  AnswerReader reader(*wire.ours, body_bytes_max);
  wire.send(bytes);
  wire.finish();
  return wire.run(read_answer(reader));
}

const std::string ok = "HTTP/1.1 200 OK\r\n";

struct Row {
  const char* what;
  std::string bytes;
  AnswerStatus status;
  const char* body = "";
  bool reusable = false;
};

using enum AnswerStatus;

void expect_rows(std::span<const Row> rows) {
  for (const Row& row : rows) {
    const ReadAnswer got = read_whole(row.bytes);
    EXPECT_EQ(got.status, row.status) << row.what;
    if (row.status == done) EXPECT_EQ(got.body, row.body) << row.what;
    EXPECT_EQ(got.reusable, row.reusable) << row.what;
  }
}

TEST(AnswerReader, WholeAnswers) {
  const Row rows[] = {
      {"length", ok + "Content-Length: 5\r\n\r\nhello", done, "hello", true},
      {"no body", ok + "Content-Length: 0\r\n\r\n", done, "", true},
      {"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", done,
       "hello", true},
      {"Chunked", ok + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", done, "hello",
       true},
      {"trailers are dropped",
       ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n", done, "hello",
       true},
      {"close", ok + "Connection: close\r\nContent-Length: 5\r\n\r\nhello", done, "hello"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", done, "hello"},
      {"until the end", ok + "\r\nhello", done, "hello"},
      {"an empty body until the end", ok + "\r\n", done, ""},
      {"what follows is no answer of ours", ok + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK",
       done, "hello"},
      {"204", "HTTP/1.1 204 No Content\r\n\r\n", done, "", true},
      {"204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", done, ""},
      {"204 with a length and nothing", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
       done, ""},
      {"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", done, ""},
      {"100", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 5\r\n\r\nhello", done,
       "hello", true},
      {"103 twice",
       "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + ok +
           "Content-Length: 5\r\n\r\nhello",
       done, "hello", true},
  };
  expect_rows(rows);
}

TEST(AnswerReader, WhatIsNoAnswer) {
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  const Row rows[] = {
      {"nothing", "", cut},
      {"half a head", "HTTP/1.1 200 OK\r\nContent", cut},
      {"only a 1xx", "HTTP/1.1 100 Continue\r\n\r\n", cut},
      {"half a body", ok + "Content-Length: 5\r\n\r\nhel", cut},
      {"half a chunk", chunked + "5\r\nhel", cut},
      {"half a chunk's size", chunked + "5\r\nhello\r\n1", cut},
      {"no last chunk", chunked + "5\r\nhello\r\n", cut},
      {"a status below 100", "HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n", malformed},
      {"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", malformed},
      {"unknown coding", ok + "Transfer-Encoding: gzip\r\n\r\nhello", malformed},
      {"gzip, chunked", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", malformed},
      {"identity", ok + "Transfer-Encoding: identity\r\n\r\nhello", malformed},
      {"both framings", ok + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       malformed},
      {"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", malformed},
      {"two equal lengths", ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", malformed},
      {"a list of lengths", ok + "Content-Length: 5, 5\r\n\r\nhello", malformed},
      {"chunked twice",
       ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", malformed},
      {"chunked, then another",
       ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", malformed},
      {"chunked on HTTP/1.0",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", malformed},
      {"a signed length", ok + "Content-Length: +5\r\n\r\nhello", malformed},
      {"a length that is no number", ok + "Content-Length: x\r\n\r\nhello", malformed},
      {"a fold", ok + "X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", malformed},
      {"bare LF", "HTTP/1.1 200 OK\nX: y\r\n\r\n", malformed},
      {"not HTTP", "SSH-2.0-OpenSSH\r\n\r\n", malformed},
      {"a chunk's size that is no number", chunked + "xyz\r\nhello\r\n", malformed},
      {"a length over the limit", ok + "Content-Length: 65\r\n\r\n", too_large},
      {"chunks over the limit", chunked + "41\r\n" + std::string(65, 'a') + "\r\n0\r\n\r\n",
       too_large},
      {"many chunks over the limit",
       chunked + "20\r\n" + std::string(32, 'a') + "\r\n21\r\n" + std::string(33, 'a') +
           "\r\n0\r\n\r\n",
       too_large},
      {"over the limit until the end", ok + "\r\n" + std::string(65, 'a'), too_large},
  };
  expect_rows(rows);
}

TEST(AnswerReader, AHeadWithoutEndIsTooLarge) {
  Wire wire;
  AnswerReader reader(*wire.ours, body_bytes_max);
  const auto result = wire.start(read_answer(reader));
  const std::string piece = "X: " + std::string(1000, 'a') + "\r\n";
  wire.send(ok);
  for (int i = 0; i < 100 && !result->has_value(); ++i) wire.send(piece);
  EXPECT_EQ(wire.wait(result).status, too_large);
}

TEST(AnswerReader, WhereTheNetworkCutsDoesNotMatter) {
  const std::string answers[] = {
      ok + "Content-Length: 5\r\n\r\nhello",
      "HTTP/1.1 100 Continue\r\n\r\n" + ok +
          "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"};
  for (const std::string& bytes : answers) {
    for (std::size_t at = 1; at < bytes.size(); ++at) {
      Wire wire;
      AnswerReader reader(*wire.ours, body_bytes_max);
      const auto result = wire.start(read_answer(reader));
      wire.send(bytes.substr(0, at));
      ASSERT_FALSE(result->has_value()) << "done after " << at << " bytes";
      wire.send(bytes.substr(at));
      const ReadAnswer got = wire.wait(result);
      ASSERT_EQ(got.status, done) << at;
      EXPECT_EQ(got.body, "hello") << at;
      EXPECT_TRUE(got.reusable) << at;
    }
  }
}

TEST(AnswerReader, PassesOnWhatIsThereBeforeTheRestComes) {
  Wire wire;
  AnswerReader reader(*wire.ours, body_bytes_max);
  wire.send(ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n");
  AnswerHead head;
  ASSERT_EQ(wire.run(reader.read_head(head)), more);
  std::string body;
  ASSERT_EQ(wire.run(reader.read_some(body)), more);
  EXPECT_EQ(body, "hel");
  EXPECT_FALSE(reader.is_reusable());
}

TEST(AnswerReader, ASilentUpstreamTimesOut) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200"), ok + "Content-Length: 5\r\n\r\nhe"}) {
    Wire wire;
    AnswerReader reader(*wire.ours, body_bytes_max);
    wire.ours->expires_after(std::chrono::milliseconds(20));
    wire.send(bytes);
    const ReadAnswer got = wire.run(read_answer(reader));
    EXPECT_EQ(got.status, timeout);
    EXPECT_FALSE(got.reusable);
  }
}

}  // namespace
}  // namespace portcullis::test
