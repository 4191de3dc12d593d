// Who the caller is behind proxies, and where an upstream is.
#include <gtest/gtest.h>

#include "net/session.h"
#include "net/upstream_pool.h"

namespace portcullis {
namespace {

struct CallerRow {
  const char* what;
  const char* peer;
  std::vector<std::string> forwarded;  // X-Forwarded-For, each a header of its own
  const char* caller;
};

TEST(CallerAddress, OnlyATrustedProxyIsBelieved) {
  ListenSection listen;
  listen.trusted_proxies = {"10.0.0.0/8", "192.0.2.1", "2001:db8::/32"};
  const CallerRow rows[] = {
      {"no proxy", "198.51.100.7", {}, "198.51.100.7"},
      {"a caller who says so himself", "198.51.100.7", {"203.0.113.9"}, "198.51.100.7"},
      {"a proxy without the header", "10.1.2.3", {}, "10.1.2.3"},
      {"a proxy", "10.1.2.3", {"203.0.113.9"}, "203.0.113.9"},
      {"a proxy by its address", "192.0.2.1", {"203.0.113.9"}, "203.0.113.9"},
      {"its neighbour", "192.0.2.2", {"203.0.113.9"}, "192.0.2.2"},
      {"an IPv6 proxy", "2001:db8::1", {"203.0.113.9"}, "203.0.113.9"},
      {"an IPv6 caller", "10.1.2.3", {"2001:db9::5"}, "2001:db9::5"},
      {"a chain", "10.1.2.3", {"203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
      {"a forged first entry", "10.1.2.3", {"1.1.1.1, 203.0.113.9"}, "203.0.113.9"},
      {"a forged trusted entry", "10.1.2.3", {"10.4.4.4, 203.0.113.9, 10.9.9.9"}, "203.0.113.9"},
      {"white space", "10.1.2.3", {" 203.0.113.9 ,\t10.9.9.9 "}, "203.0.113.9"},
      {"only proxies", "10.1.2.3", {"10.4.4.4, 10.5.5.5"}, "10.1.2.3"},
      {"not an address", "10.1.2.3", {"203.0.113.9, unknown"}, "10.1.2.3"},
      {"with a port", "10.1.2.3", {"203.0.113.9:1234"}, "10.1.2.3"},
      {"an empty entry", "10.1.2.3", {"203.0.113.9, "}, "10.1.2.3"},
      {"empty", "10.1.2.3", {""}, "10.1.2.3"},
      {"only commas", "10.1.2.3", {",,,"}, "10.1.2.3"},
      {"two headers", "10.1.2.3", {"203.0.113.9", "203.0.113.10"}, "10.1.2.3"},
      {"words behind the address", "10.1.2.3", {"203.0.113.9 words"}, "203.0.113.9"},
      {"a zone that is a text", "10.1.2.3", {"fe80::1%my-secret"}, "10.1.2.3"},
      {"a longer form", "10.1.2.3", {"2001:DB9:0:0::5"}, "2001:db9::5"},
  };
  for (const CallerRow& row : rows) {
    RequestHead head;
    for (const std::string& value : row.forwarded) {
      head.headers.push_back({"x-forwarded-for", value});
    }
    EXPECT_EQ(caller_address(listen, head, row.peer), row.caller) << row.what;
  }
}

struct ProxyRow {
  const char* listed;
  const char* peer;
  bool trusted;
};

TEST(IsTrustedProxy, AddressesAreComparedAndNotTheirSpelling) {
  constexpr ProxyRow rows[] = {
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.2", false},
      {"127.0.0.0/8", "127.9.9.9", true},
      {"127.0.0.0/8", "128.0.0.1", false},
      {"0.0.0.0/0", "198.51.100.7", true},
      {"::1", "::1", true},
      {"0:0:0:0:0:0:0:1", "::1", true},
      {"2001:DB8::A", "2001:db8::a", true},
      {"2001:db8::a", "2001:db8::b", false},
      {"2001:DB8::/32", "2001:db8::a", true},
      {"2001:db8::/32", "2001:db9::a", false},
      // On a socket for both families an IPv4 peer shows as an IPv6 address.
      {"127.0.0.1", "::ffff:127.0.0.1", true},
      {"127.0.0.1", "::ffff:127.0.0.2", false},
      {"127.0.0.0/8", "::ffff:127.0.0.1", true},
      {"10.0.0.0/8", "::ffff:127.0.0.1", false},
      {"::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
      {"::ffff:127.0.0.1", "127.0.0.1", true},
      {"::ffff:127.0.0.0/104", "127.9.9.9", true},
      {"::ffff:127.0.0.0/104", "128.0.0.1", false},
      // One family's network holds nobody of the other.
      {"::/0", "127.0.0.1", false},
      {"::/0", "::ffff:127.0.0.1", false},
      {"0.0.0.0/0", "2001:db8::a", false},
      {"0.0.0.1", "::1", false},
      // A link's addresses mean something on that link alone.
      {"fe80::1", "fe80::1%2", false},
      {"10.0.0.0/8", "not an address", false},
  };
  for (const ProxyRow& row : rows) {
    ListenSection listen;
    listen.trusted_proxies = {row.listed};
    EXPECT_EQ(is_trusted_proxy(listen, row.peer), row.trusted) << row.listed << " " << row.peer;
  }
}

TEST(CallerAddress, WithoutTrustedProxiesTheHeaderMeansNothing) {
  RequestHead head;
  head.headers.push_back({"x-forwarded-for", "203.0.113.9"});
  EXPECT_EQ(caller_address({}, head, "127.0.0.1"), "127.0.0.1");
}

TEST(ParseUpstreamUrl, TakesItApart) {
  struct Row {
    const char* url;
    bool https;
    const char* host;
    const char* port;
    const char* authority;
    const char* base_path;
  };
  constexpr Row rows[] = {
      {"http://127.0.0.1:4000", false, "127.0.0.1", "4000", "127.0.0.1:4000", ""},
      {"http://a.example", false, "a.example", "80", "a.example", ""},
      {"https://a.example", true, "a.example", "443", "a.example", ""},
      {"https://a.example/", true, "a.example", "443", "a.example", ""},
      {"https://a.example/base/path", true, "a.example", "443", "a.example", "/base/path"},
      {"https://a.example:8443/base//", true, "a.example", "8443", "a.example:8443", "/base"},
      {"http://[::1]", false, "::1", "80", "[::1]", ""},
      {"http://[::1]:4000/x", false, "::1", "4000", "[::1]:4000", "/x"},
      {"https://a.example/x:y", true, "a.example", "443", "a.example", "/x:y"},
  };
  for (const Row& row : rows) {
    const UpstreamUrl url = parse_upstream_url(row.url);
    EXPECT_EQ(url.https, row.https) << row.url;
    EXPECT_EQ(url.host, row.host) << row.url;
    EXPECT_EQ(url.port, row.port) << row.url;
    EXPECT_EQ(url.authority, row.authority) << row.url;
    EXPECT_EQ(url.base_path, row.base_path) << row.url;
  }
}

}  // namespace
}  // namespace portcullis
