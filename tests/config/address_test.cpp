#include "config/address.h"

#include <gtest/gtest.h>

#include <string>

namespace portcullis {
namespace {

struct Good {
  std::string_view text;
  Scheme scheme;
  std::string_view host;
  std::uint16_t port;
  std::string_view base_path;
};

TEST(ParseHttpUrl, TakesApartWhatAnUpstreamNeeds) {
  const Good table[] = {
      {"https://a.example.com", Scheme::https, "a.example.com", 443, ""},
      {"http://a.example.com", Scheme::http, "a.example.com", 80, ""},
      {"https://A.Example.com/", Scheme::https, "a.example.com", 443, ""},
      {"https://a:8443/x", Scheme::https, "a", 8443, "/x"},
      {"https://a/x/Y_z-1.0~/", Scheme::https, "a", 443, "/x/Y_z-1.0~"},
      {"http://127.0.0.1:1", Scheme::http, "127.0.0.1", 1, ""},
      {"http://[::1]:65535/v1", Scheme::http, "::1", 65535, "/v1"},
      {"https://xn--bcher-kva.example", Scheme::https, "xn--bcher-kva.example", 443, ""},
      {"https://service_name.internal", Scheme::https, "service_name.internal", 443, ""},
  };
  for (const auto& [text, scheme, host, port, base_path] : table) {
    const auto url = parse_http_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->scheme, scheme) << text;
    EXPECT_EQ(url->host, host);
    EXPECT_EQ(url->port, port);
    EXPECT_EQ(url->base_path, base_path);
  }
}

TEST(ParseHttpUrl, RefusesEverythingAmbiguous) {
  for (const std::string& wrong : {"",
                                   "a",
                                   "//a",
                                   "ftp://a",
                                   "HTTP://a",
                                   "https:/a",
                                   "https://",
                                   "https:///x",
                                   "https://:80",
                                   "https://a:",
                                   "https://a:0",
                                   "https://a:65536",
                                   "https://a:+1",
                                   "https://a:080",
                                   "https://a:8 0",
                                   "https://u@a",
                                   "https://u:p@a",
                                   "https://a?x",
                                   "https://a/x?y",
                                   "https://a#x",
                                   "https://a//x",
                                   "https://a/../x",
                                   "https://a/./x",
                                   "https://a/%2e",
                                   "https://a b",
                                   "https://a\\b",
                                   "https://-a",
                                   "https://a-",
                                   "https://a.",
                                   "https://.a",
                                   "https://a..b",
                                   "https://a.-b",
                                   "https://127.1",
                                   "https://127.0.0.256",
                                   "https://0x7f000001x!",
                                   "https://1",
                                   "https://[::1",
                                   "https://::1",
                                   "https://[]",
                                   "https://[127.0.0.1]",
                                   "https://[::1]x",
                                   "https://[fe80::1%25eth0]",
                                   "https://b\xc3\xbc",
                                   "https://a/\xc3\xbc"}) {
    EXPECT_FALSE(parse_http_url(wrong)) << wrong;
  }
  EXPECT_FALSE(parse_http_url("https://" + std::string(64, 'a')));
  EXPECT_TRUE(parse_http_url("https://" + std::string(63, 'a')));
  EXPECT_FALSE(parse_http_url(std::string_view("https://a\0b", 11)));
  std::string labels = "https://a";
  for (int i = 0; i < 130; ++i) labels += ".a";
  EXPECT_FALSE(parse_http_url(labels)) << "longer than 253 bytes";
  EXPECT_FALSE(parse_http_url("https://a/" + std::string(1u << 20, 'x')));
}

TEST(IsLoopback, IsAboutTheAddressNotTheName) {
  for (const std::string_view yes : {"http://127.0.0.1", "http://127.255.0.9", "http://[::1]",
                                     "http://localhost", "http://LOCALHOST:1"}) {
    EXPECT_TRUE(is_loopback(*parse_http_url(yes))) << yes;
  }
  for (const std::string_view no :
       {"http://127.0.0.1.nip.io", "http://localhost.example", "http://128.0.0.1", "http://[::2]",
        "http://[::]", "http://[::ffff:127.0.0.1]", "http://0.0.0.0"}) {
    EXPECT_FALSE(is_loopback(*parse_http_url(no))) << no;
  }
}

}  // namespace
}  // namespace portcullis
