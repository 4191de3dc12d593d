#include "net/support.h"

namespace portcullis::test {
namespace {

struct Bench {
  explicit Bench(LimitsSection chosen = {}, std::uint64_t memory_max = 1u << 30)
      : limits(chosen), budget({memory_max, memory_max}) {}
  LimitsSection limits;
  Wire wire;
  MemoryBudget budget;
  MemoryLease memory{budget};
  RequestReader reader{*wire.ours, limits};

  ReadRequest read() { return wire.run(read_request(reader, memory)); }
};

// Sends everything at once, then ends the stream.
ReadRequest read_whole(const std::string& bytes, LimitsSection limits = {}) {
  Bench bench(limits);
  bench.wire.send(bytes);
  bench.wire.finish();
  return bench.read();
}

const std::string start = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n";
const std::string with_length = start + "Content-Length: 5\r\n\r\nhello";
const std::string with_chunks =
    start + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

TEST(RequestReader, ReadsBothFramings) {
  for (const std::string& bytes : {with_length, with_chunks}) {
    const ReadRequest got = read_whole(bytes);
    EXPECT_EQ(got.head_code, "none") << got.detail;
    EXPECT_EQ(got.body_code, "none") << got.detail;
    EXPECT_EQ(got.head.method, "POST");
    EXPECT_EQ(got.head.path, "/v1/chat/completions");
    EXPECT_EQ(got.body, "hello");
    EXPECT_TRUE(got.done);
  }
}

TEST(RequestReader, WhereTheNetworkCutsDoesNotMatter) {
  for (const std::string& bytes : {with_length, with_chunks}) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      Bench bench;
      const auto result = bench.wire.start(read_request(bench.reader, bench.memory));
      bench.wire.send(bytes.substr(0, cut));
      ASSERT_FALSE(result->has_value()) << "done after " << cut << " bytes";
      bench.wire.send(bytes.substr(cut));
      const ReadRequest got = bench.wire.wait(result);
      ASSERT_EQ(got.body_code, "none") << cut << ": " << got.detail;
      EXPECT_EQ(got.body, "hello") << cut;
      EXPECT_TRUE(got.done) << cut;
    }
  }
}

TEST(RequestReader, ByteByByte) {
  for (const std::string& bytes : {with_length, with_chunks}) {
    Bench bench;
    const auto result = bench.wire.start(read_request(bench.reader, bench.memory));
    for (const char byte : bytes) bench.wire.send({&byte, 1});
    EXPECT_EQ(bench.wire.wait(result).body, "hello");
  }
}

TEST(RequestReader, PipelinedRequestsStaySeparate) {
  Bench bench;
  const std::string get = "GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n";
  bench.wire.send(with_chunks + get + with_length + get);
  bench.wire.finish();
  for (const char* body : {"hello", "", "hello", ""}) {
    const ReadRequest got = bench.read();
    EXPECT_EQ(got.head_code, "none") << got.detail;
    EXPECT_EQ(got.body, body);
    EXPECT_TRUE(got.done);
  }
  EXPECT_EQ(bench.read().head_code, "closed");
}

TEST(RequestReader, IsNotDoneBeforeTheBodyWasRead) {
  Bench bench;
  bench.wire.send(with_length);
  RequestHead head;
  const auto next = bench.wire.run(bench.reader.read_head(head));
  ASSERT_TRUE(next.has_value());
  EXPECT_FALSE(bench.reader.is_done());
}

struct RefusalRow {
  const char* what;
  std::string bytes;
  const char* head_code;
  const char* body_code = "";
};

TEST(RequestReader, Heads) {
  const RefusalRow rows[] = {
      {"nothing", "", "closed"},
      {"a cut head", "GET / HTTP/1.1\r\nHo", "deadline"},
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", "http_malformed"},
      {"bare LF between lines", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "http_malformed"},
      {"bare CR", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", "http_malformed"},
      {"leading empty line", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "http_malformed"},
      {"leading empty line, then a fold", "\r\nGET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
       "http_malformed"},
      {"leading empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "http_malformed"},
      {"obs-fold", start + "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", "http_malformed"},
      {"obs-fold of a framing field", start + "Transfer-Encoding:\r\n chunked\r\n\r\n",
       "http_malformed"},
      {"obs-fold with a tab", start + "X: a\r\n\tb\r\n\r\n", "http_malformed"},
      {"white space before the colon", start + "Content-Length : 5\r\n\r\nhello", "http_malformed"},
      {"no colon", start + "nonsense\r\n\r\n", "http_malformed"},
      {"empty name", start + ": x\r\n\r\n", "http_malformed"},
      {"two equal lengths", start + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
       "http_malformed"},
      {"two lengths", start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
       "http_malformed"},
      {"a list of lengths", start + "Content-Length: 5, 5\r\n\r\nhello", "http_malformed"},
      {"both framings", start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "http_malformed"},
      {"unknown coding", start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "http_malformed"},
      {"two codings", start + "Transfer-Encoding: gzip, chunked\r\n\r\n", "http_malformed"},
      {"chunked twice", start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       "http_malformed"},
      {"a NUL", start + std::string("X: a\0b\r\n\r\n", 10), "http_malformed"},
      {"bytes above ASCII", start + "X: caf\xc3\xa9\r\n\r\n", "http_malformed"},
      {"a TLS hello", "\x16\x03\x01\x02\r\n\r\n", "http_malformed"},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http_malformed"},
      {"HTTP/0.9", "GET /\r\n\r\n", "http_malformed"},
      {"another version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "http_malformed"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", "http_malformed"},
      {"no length", start + "\r\n", "length_required"},
  };
  for (const RefusalRow& row : rows) {
    const ReadRequest got = read_whole(row.bytes);
    EXPECT_EQ(got.head_code, row.head_code) << row.what << ": " << got.detail;
    EXPECT_FALSE(got.done) << row.what << " leaves a connection that could be used again";
  }
}

TEST(RequestReader, ABareLineFeedIsRefusedBeforeTheHeadEnds) {
  Bench bench;
  bench.wire.send("GET / HTTP/1.1\n");
  EXPECT_EQ(bench.read().head_code, "http_malformed");
}

TEST(RequestReader, Bodies) {
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  const RefusalRow rows[] = {
      {"an extension", chunked + "5;a=b\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"an extension of the last chunk", chunked + "5\r\nhello\r\n0;a\r\n\r\n", "none",
       "http_malformed"},
      {"a trailer", chunked + "5\r\nhello\r\n0\r\nX: y\r\n\r\n", "none", "http_malformed"},
      {"a trailer that looks like a header",
       chunked + "5\r\nhello\r\n0\r\nHost: evil\r\nAuthorization: Bearer x\r\n\r\n", "none",
       "http_malformed"},
      {"no size", chunked + "\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"a size that is no number", chunked + "xyz\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"a signed size", chunked + "-5\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"a prefixed size", chunked + "0x5\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"a size beyond 64 bits", chunked + "10000000000000005\r\nhello\r\n0\r\n\r\n", "none",
       "http_malformed"},
      {"data longer than its size", chunked + "4\r\nhello\r\n0\r\n\r\n", "none", "http_malformed"},
      {"bare LF after the size", chunked + "5\nhello\n0\n\n", "none", "http_malformed"},
      {"cut within a chunk", chunked + "5\r\nhel", "none", "http_malformed"},
      {"cut before the last chunk", chunked + "5\r\nhello\r\n", "none", "http_malformed"},
      {"cut within a length", start + "Content-Length: 5\r\n\r\nhel", "none", "http_malformed"},
  };
  for (const RefusalRow& row : rows) {
    const ReadRequest got = read_whole(row.bytes);
    EXPECT_EQ(got.head_code, row.head_code) << row.what << ": " << got.detail;
    EXPECT_EQ(got.body_code, row.body_code) << row.what << ": " << got.detail;
    EXPECT_EQ(got.body, "") << row.what;
  }
}

TEST(RequestReader, Limits) {
  LimitsSection limits;
  limits.header_bytes_max = 200;
  limits.header_fields_max = 4;
  limits.body_bytes_max = 5;
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  const std::string fields = "A: 1\r\nB: 2\r\n";
  const std::string padding(200 - start.size() - 25 - 4, 'a');
  const RefusalRow rows[] = {
      {"exactly the body", with_length, "none", "none"},
      {"exactly the body in chunks", with_chunks, "none", "none"},
      {"a body of one more", start + "Content-Length: 6\r\n\r\nhello!", "none", "body_too_large"},
      {"a huge length", start + "Content-Length: 999999999999999999\r\n\r\n", "none",
       "body_too_large"},
      {"one more in chunks", chunked + "3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n", "none",
       "body_too_large"},
      {"a chunk header without end", chunked + "5;" + std::string(20000, 'a'), "none",
       "http_malformed"},
      {"trailers without end", chunked + "0\r\nX: " + std::string(20000, 'a'), "none",
       "http_malformed"},
      {"one huge chunk", chunked + "ffffffff\r\nhel", "none", "body_too_large"},
      {"exactly the fields", start + fields + "Content-Length: 5\r\n\r\nhello", "none", "none"},
      {"one field more", start + fields + "C: 3\r\nContent-Length: 5\r\n\r\nhello",
       "header_too_large"},
      {"exactly the head",
       start + "Content-Length: 5\r\nX-Pad: " + padding.substr(1) + "\r\n\r\nhello", "none",
       "none"},
      {"a head of one more", start + "Content-Length: 5\r\nX-Pad: " + padding + "a\r\n\r\nhello",
       "header_too_large"},
      {"a head without end", "GET /" + std::string(400, 'a'), "header_too_large"},
  };
  for (const RefusalRow& row : rows) {
    const ReadRequest got = read_whole(row.bytes, limits);
    EXPECT_EQ(got.head_code, row.head_code) << row.what << ": " << got.detail;
    EXPECT_EQ(got.body_code, row.body_code) << row.what << ": " << got.detail;
  }
}

TEST(RequestReader, ABodyWaitsForMemory) {
  for (const std::string& bytes : {with_length, with_chunks}) {
    Bench bench({}, 4 * memory_factor - 1);
    bench.wire.send(bytes.substr(0, bytes.size() - 1));
    const auto result = bench.wire.start(read_request(bench.reader, bench.memory));
    EXPECT_EQ(bench.wire.wait(result).body_code, "overloaded");
  }
}

TEST(RequestReader, Timeouts) {
  LimitsSection limits;
  limits.idle_timeout = limits.header_timeout = limits.body_timeout = Milliseconds(20);
  struct Row {
    const char* what;
    std::string bytes;
    const char* head_code;
    const char* body_code;
  };
  const Row rows[] = {
      {"silent", "", "closed", ""},
      {"half a head", "GET / HTTP/1.1\r\n", "deadline", ""},
      {"half a body", with_length.substr(0, with_length.size() - 2), "none", "deadline"}};
  for (const Row& row : rows) {
    Bench bench(limits);
    if (!row.bytes.empty()) bench.wire.send(row.bytes);
    const ReadRequest got = bench.read();
    EXPECT_EQ(got.head_code, row.head_code) << row.what;
    EXPECT_EQ(got.body_code, row.body_code) << row.what;
    EXPECT_FALSE(got.done) << row.what;
  }
}

// A head deadline is total: a byte now and then does not move it.
TEST(RequestReader, TrickledBytesDoNotMoveTheDeadline) {
  LimitsSection limits;
  limits.header_timeout = Milliseconds(40);
  Bench bench(limits);
  const auto result = bench.wire.start(read_request(bench.reader, bench.memory));
  const auto begun = std::chrono::steady_clock::now();
  bench.wire.send("GET / HTTP/1.1\r\nX: ");
  while (!result->has_value() &&
         std::chrono::steady_clock::now() - begun < std::chrono::seconds(5)) {
    bench.wire.send("a");
    bench.wire.io.restart();
    bench.wire.io.run_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(result->has_value()) << "the deadline moved";
  EXPECT_EQ((*result)->head_code, "deadline");
}

}  // namespace
}  // namespace portcullis::test
