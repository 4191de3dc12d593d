#include "content/remote_url.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(RemoteUrl, Hosts) {
  struct {
    std::string_view url, host;
  } const rows[] = {
      {"https://example.com/a", "example.com"},
      {"HTTPS://EXAMPLE.com", "example.com"},
      {"http://a.b:80?q=@x", "a.b"},
      {"https://a.b.#f", "a.b"},
      {"http://127.0.0.1:9/x", "127.0.0.1"},
      {"http://[::1]:80/", "[::1]"},
      {"https://a_b-c.d", "a_b-c.d"},
  };
  for (const auto& row : rows) EXPECT_EQ(remote_host(row.url), std::string(row.host)) << row.url;
}

TEST(RemoteUrl, WhatParsersDisagreeAboutIsRefused) {
  for (const std::string_view url : {"",
                                     "example.com",
                                     "//example.com",
                                     "ftp://x",
                                     "https:/x",
                                     "https:x",
                                     "https://",
                                     "https:///x",
                                     "https://.",
                                     "https://good@evil",
                                     "https://good\\@evil",
                                     "https://good\\.evil",
                                     "https://a b",
                                     "https://a%2eb",
                                     "https://a\tb",
                                     " https://a",
                                     "https://[::1",
                                     "https://[]",
                                     "https://a:b",
                                     "https://[::1]x",
                                     "https://a:80:80",
                                     "https://\xc3\xa9.com",
                                     "ht\ntps://a"}) {
    EXPECT_FALSE(remote_host(url)) << url;
  }
}

TEST(RemoteUrl, DataUrls) {
  EXPECT_TRUE(is_data_url("data:,x"));
  EXPECT_TRUE(is_data_url("DATA:image/png;base64,x"));
  EXPECT_FALSE(is_data_url(" data:,x"));
  EXPECT_FALSE(is_data_url("data"));
}

}  // namespace
}  // namespace portcullis
