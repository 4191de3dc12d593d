// One row a refusal of "HTTP details that decide trust", beside what must pass.
#include "net/http_gate.h"

#include <gtest/gtest.h>

#include <span>

namespace portcullis {
namespace {

std::string code_of(const std::optional<Denial>& denial) {
  return std::string(reason_code(denial ? denial->reason : Reason::none));
}

// ---------------------------------------------------------------- before the parser

struct RawRow {
  const char* what;
  std::string block;
  const char* code;
};

TEST(CheckRawHead, OneRowARefusal) {
  const std::string line = "GET / HTTP/1.1\r\n";
  const RawRow rows[] = {
      {"a plain head", line + "Host: a\r\n\r\n", "none"},
      {"no fields", line + "\r\n", "none"},
      {"a tab within a value", line + "Host: a\tb\r\n\r\n", "none"},
      {"exactly the fields", line + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", "none"},
      {"obs-fold with a space", line + "A: 1\r\n b\r\n\r\n", "http_malformed"},
      {"obs-fold with a tab", line + "A: 1\r\n\tb\r\n\r\n", "http_malformed"},
      {"obs-fold of the request line", line + " b\r\n\r\n", "http_malformed"},
      {"white space before the request line", " " + line + "\r\n", "http_malformed"},
      {"an empty line first", "\r\n" + line + "\r\n", "http_malformed"},
      {"a fold behind an empty line", "\r\n" + line + " b\r\n\r\n", "http_malformed"},
      {"bare LF", "GET / HTTP/1.1\nA: 1\r\n\r\n", "http_malformed"},
      {"bare CR", line + "A: 1\rB: 2\r\n\r\n", "http_malformed"},
      {"NUL", line + std::string("A: \0\r\n\r\n", 8), "http_malformed"},
      {"a control character", line + "A: \x01\r\n\r\n", "http_malformed"},
      {"DEL", line + "A: \x7f\r\n\r\n", "http_malformed"},
      {"a byte above ASCII", line + "A: \x80\r\n\r\n", "http_malformed"},
      {"UTF-8", line + "A: \xc3\xa9\r\n\r\n", "http_malformed"},
      {"no line break at the end", line + "A: 1", "http_malformed"},
      {"too many fields", line + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", "header_too_large"},
  };
  for (const RawRow& row : rows) {
    EXPECT_EQ(code_of(check_raw_head(row.block, {.fields_max = 3})), row.code) << row.what;
  }
}

TEST(IsCleanAnswerHead, NothingFoldedAndNothingBare) {
  EXPECT_TRUE(is_clean_answer_head("HTTP/1.1 200 OK\r\nA: caf\xc3\xa9\r\n\r\n"));
  EXPECT_FALSE(is_clean_answer_head("HTTP/1.1 200 OK\r\nA: 1\r\n b\r\n\r\n"));
  EXPECT_FALSE(is_clean_answer_head("HTTP/1.1 200 OK\r\nA: 1\r\n\tb\r\n\r\n"));
  EXPECT_FALSE(is_clean_answer_head("HTTP/1.1 200 OK\r\nA: 1"));
}

// ---------------------------------------------------------------- after the parser

struct HeadRow {
  const char* what;
  std::vector<Header> headers;  // beside Host
  const char* code;
  const char* method = "POST";
  const char* target = "/v1/chat/completions";
  unsigned version = 11;
  bool with_host = true;
};

RequestHead head_of(const HeadRow& row) {
  RequestHead head;
  head.method = row.method;
  head.headers = row.headers;
  if (row.with_host) head.headers.push_back({"host", "llm.example.com:8080"});
  return head;
}

void expect_rows(std::span<const HeadRow> rows) {
  for (const HeadRow& row : rows) {
    RequestHead head = head_of(row);
    EXPECT_EQ(code_of(check_head(head, {row.target, row.version})), row.code) << row.what;
  }
}

const std::vector<Header> five = {{"content-length", "5"}};

TEST(CheckHead, Framing) {
  const HeadRow rows[] = {
      {"a length", five, "none"},
      {"no bytes", {{"content-length", "0"}}, "none"},
      {"leading zeros", {{"content-length", "005"}}, "none"},
      {"18 digits", {{"content-length", "999999999999999999"}}, "none"},
      {"chunked", {{"transfer-encoding", "chunked"}}, "none"},
      {"Chunked", {{"transfer-encoding", "Chunked"}}, "none"},
      {"no length", {}, "length_required"},
      {"no length of a PUT", {}, "length_required", "PUT"},
      {"19 digits", {{"content-length", "9999999999999999999"}}, "http_malformed"},
      {"an empty length", {{"content-length", ""}}, "http_malformed"},
      {"a signed length", {{"content-length", "+5"}}, "http_malformed"},
      {"a negative length", {{"content-length", "-5"}}, "http_malformed"},
      {"a hexadecimal length", {{"content-length", "0x5"}}, "http_malformed"},
      {"a list of lengths", {{"content-length", "5,5"}}, "http_malformed"},
      {"two equal lengths", {{"content-length", "5"}, {"content-length", "5"}}, "http_malformed"},
      {"two lengths", {{"content-length", "5"}, {"content-length", "6"}}, "http_malformed"},
      {"both framings",
       {{"content-length", "5"}, {"transfer-encoding", "chunked"}},
       "http_malformed"},
      {"xchunked", {{"transfer-encoding", "xchunked"}}, "http_malformed"},
      {"identity", {{"transfer-encoding", "identity"}}, "http_malformed"},
      {"chunked, chunked", {{"transfer-encoding", "chunked, chunked"}}, "http_malformed"},
      {"gzip, chunked", {{"transfer-encoding", "gzip, chunked"}}, "http_malformed"},
      {"quoted", {{"transfer-encoding", "\"chunked\""}}, "http_malformed"},
      {"with a parameter", {{"transfer-encoding", "chunked;a=b"}}, "http_malformed"},
      {"an empty coding", {{"transfer-encoding", ""}}, "http_malformed"},
      {"chunked twice",
       {{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}},
       "http_malformed"},
      {"chunked on HTTP/1.0",
       {{"transfer-encoding", "chunked"}},
       "http_malformed",
       "POST",
       "/",
       10},
      {"a body on GET", five, "http_malformed", "GET"},
      {"chunks on GET", {{"transfer-encoding", "chunked"}}, "http_malformed", "GET"},
  };
  expect_rows(rows);
}

TEST(CheckHead, Target) {
  const HeadRow rows[] = {
      {"origin-form", five, "none", "POST", "/a/b?c=d&e=%20"},
      {"the root", five, "none", "POST", "/"},
      {"every allowed character", five, "none", "POST", "/-._~!$&'()*+,=:@%?aZ09"},
      {"absolute-form", five, "http_malformed", "POST", "http://evil/v1"},
      {"authority-form", five, "http_malformed", "POST", "evil:443"},
      {"asterisk-form", {}, "http_malformed", "OPTIONS", "*"},
      {"empty", five, "http_malformed", "POST", ""},
      {"a fragment", five, "http_malformed", "POST", "/a#b"},
      {"a space", five, "http_malformed", "POST", "/a b"},
      {"a backslash", five, "http_malformed", "POST", "/a\\b"},
      {"a semicolon", five, "http_malformed", "POST", "/a;b"},
      {"a quote", five, "http_malformed", "POST", "/a\"b"},
      {"a bracket", five, "http_malformed", "POST", "/a[b]"},
      {"a byte above ASCII", five, "http_malformed", "POST", "/caf\xc3\xa9"},
      {"a control character", five, "http_malformed", "POST", "/a\x01"},
  };
  expect_rows(rows);
}

TEST(CheckHead, MethodVersionAndHost) {
  const HeadRow rows[] = {
      {"GET", {}, "none", "GET"},
      {"OPTIONS", {}, "none", "OPTIONS"},
      {"lower case", {}, "method_not_allowed", "get"},
      {"unknown", {}, "method_not_allowed", "FOO"},
      {"CONNECT", {}, "method_not_allowed", "CONNECT", "evil:443"},
      {"TRACE", {}, "method_not_allowed", "TRACE"},
      {"PRI", {}, "method_not_allowed", "PRI", "*", 20},
      {"empty", {}, "method_not_allowed", ""},
      {"HTTP/1.0", five, "none", "POST", "/", 10},
      {"HTTP/1.2", five, "http_malformed", "POST", "/", 12},
      {"HTTP/2.0", five, "http_malformed", "POST", "/", 20},
      {"HTTP/0.9", {}, "http_malformed", "GET", "/", 9},
      {"no host", five, "http_malformed", "POST", "/", 11, false},
      {"no host on HTTP/1.0", five, "http_malformed", "POST", "/", 10, false},
      {"two hosts", {{"content-length", "5"}, {"host", "b"}}, "http_malformed"},
      {"two equal hosts",
       {{"content-length", "5"}, {"host", "llm.example.com:8080"}},
       "http_malformed"},
      {"an empty host", {{"host", ""}}, "http_malformed", "GET", "/", 11, false},
      {"a host with user information", {{"host", "a@b"}}, "http_malformed", "GET", "/", 11, false},
      {"a host with a path", {{"host", "a/b"}}, "http_malformed", "GET", "/", 11, false},
      {"two hosts in one", {{"host", "a, b"}}, "http_malformed", "GET", "/", 11, false},
      {"an address", {{"host", "[::1]:80"}}, "none", "GET", "/", 11, false},
  };
  expect_rows(rows);
}

TEST(CheckHead, Singletons) {
  constexpr const char* identity[] = {"authorization", "x-api-key", "api-key", "x-goog-api-key",
                                      "portcullis-identity"};
  constexpr const char* others[] = {"content-type", "content-encoding", "expect", "upgrade"};
  for (const char* name : identity) {
    const HeadRow twice[] = {
        {name, {{"content-length", "5"}, {name, "a"}, {name, "a"}}, "token_ambiguous"},
        {name, {{"content-length", "5"}, {name, "a"}}, "none"}};
    expect_rows(twice);
  }
  for (const char* name : others) {
    const HeadRow twice[] = {
        {name, {{"content-length", "5"}, {name, "a"}, {name, "a"}}, "http_malformed"}};
    expect_rows(twice);
  }
  const HeadRow many[] = {
      {"accept", {{"content-length", "5"}, {"accept", "a"}, {"accept", "b"}}, "none"}};
  expect_rows(many);
}

TEST(CheckHead, UpgradeAndExpect) {
  const HeadRow rows[] = {
      {"websocket",
       {{"upgrade", "websocket"}, {"connection", "upgrade"}},
       "upgrade_refused",
       "GET"},
      {"h2c", {{"upgrade", "h2c"}}, "upgrade_refused", "GET"},
      {"100-continue", {{"content-length", "5"}, {"expect", "100-continue"}}, "none"},
      {"100-Continue", {{"content-length", "5"}, {"expect", "100-Continue"}}, "none"},
      {"an unknown expectation",
       {{"content-length", "5"}, {"expect", "200-ok"}},
       "expectation_failed"},
      {"two expectations",
       {{"content-length", "5"}, {"expect", "100-continue, x"}},
       "expectation_failed"},
      {"an empty expectation", {{"content-length", "5"}, {"expect", ""}}, "expectation_failed"},
  };
  expect_rows(rows);
}

TEST(CheckHead, FillsWhatFollows) {
  RequestHead head =
      head_of({"",
               {{"content-length", "005"}, {"expect", "100-continue"}, {"connection", "x, Close"}},
               ""});
  ASSERT_FALSE(check_head(head, {"/a%20b?c?d=e", 11}));
  EXPECT_EQ(head.path, "/a%20b");
  EXPECT_EQ(head.query, "c?d=e");
  EXPECT_EQ(head.content_length, 5u);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_FALSE(head.chunked);
  EXPECT_FALSE(head.keep_alive);
  EXPECT_FALSE(head.http_1_0);
  struct Row {
    const char* connection;
    unsigned version;
    bool keep_alive;
  };
  constexpr Row rows[] = {{"keep-alive", 11, true},   {"close", 11, false},
                          {"CLOSE", 11, false},       {"a,close", 11, false},
                          {"\tclose\t,a", 11, false}, {"closed", 11, true},
                          {"keep-alive", 10, false},  {"", 11, true}};
  for (const Row& row : rows) {
    RequestHead other = head_of({"", {{"connection", row.connection}}, "", "GET"});
    ASSERT_FALSE(check_head(other, {"/", row.version}));
    EXPECT_EQ(other.keep_alive, row.keep_alive) << row.connection;
    EXPECT_EQ(other.http_1_0, row.version == 10);
  }
}

}  // namespace
}  // namespace portcullis
