#include "policy/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace portcullis::policy {
namespace {

TEST(Glob, MatchesAnyRunAtAStar) {
  struct Row {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Row rows[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "/v1/a", true},
      {"/v1/*", "/v1/", true},
      {"/v1/*", "/v1/chat/completions", true},
      {"/v1/*", "/v1", false},
      {"/v1/*", "x/v1/a", false},
      {"/v1/chat", "/v1/chat", true},
      {"/v1/chat", "/v1/chats", false},
      {"*chat", "chatchat", true},
      {"a*a", "a", false},  // prefix and suffix may not share a byte
      {"a*a", "aa", true},
      {"a*b*c", "abbbc", true},
      {"a*b*c", "acb", false},
      {"*ab*ab", "ab", false},
      {"*ab*ab", "abab", true},
      {"**", "x", true},
      {"a?", "ab", false},  // only the star is special
      {"[a]", "a", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(glob_matches(row.pattern, row.text), row.matches) << row.pattern << ' ' << row.text;
  }
}

// A backtracking matcher would take longer than the test's time limit.
TEST(Glob, HostileTextIsNotExponential) {
  EXPECT_FALSE(glob_matches("*a*a*a*a*a*a*ab", std::string(64 << 10, 'a')));
}

}  // namespace
}  // namespace portcullis::policy
