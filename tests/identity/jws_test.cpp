#include "identity/jws.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

TEST(CompactJws, TakesAToken) {
  const auto jws = split_compact_jws("e30.e30.AA");
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->signing_input, "e30.e30");
  EXPECT_EQ(jws->header, "{}");
  EXPECT_EQ(jws->payload, "{}");
  EXPECT_EQ(jws->signature, Bytes{0});
}

TEST(CompactJws, RefusesEveryOtherForm) {
  for (const char* token : {
           "",
           ".",
           "..",
           "e30",
           "e30.e30",
           "e30.e30.",  // unsigned: alg none
           "e30..AA",   // detached payload (RFC 7797)
           ".e30.AA",
           "e30.e30.AA.",
           "e30.e30.AA.AA.AA",  // JWE
           "e30=.e30.AA",       // padding
           "e30.e30.AB",        // trailing bits that are not zero
           "e31.e30.A",         // impossible length
           "e30.e30.A+",        // the other alphabet
           "e30.e30.A/",
           " e30.e30.AA",
           "e30.e30.AA\n",
           "e30.e3 0.AA",
           R"({"payload":"e30","signatures":[]})",
       }) {
    const auto jws = split_compact_jws(token);
    ASSERT_FALSE(jws) << token;
    EXPECT_EQ(jws.error().reason, Reason::token_malformed) << token;
  }
}

TEST(JoseHeader, ReadsWhatMatters) {
  const auto header = read_jose_header(R"({"alg":"RS256","kid":"k","typ":"application/AT+JWT"})");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->algorithm, "RS256");
  EXPECT_EQ(header->key_id, "k");
  EXPECT_EQ(header->type, "at+jwt");
  EXPECT_EQ(read_jose_header(R"({"alg":"RS256","kid":"k"})")->type, "");
}

TEST(JoseHeader, RefusesWhatWouldChangeTheMeaning) {
  for (const char* json : {
           R"({"alg":"RS256","kid":"k","crit":["exp"]})",
           R"({"alg":"RS256","kid":"k","crit":[]})",
           R"({"alg":"RS256","kid":"k","b64":true})",
           R"({"alg":"RS256","kid":"k","b64":false})",
           R"({"alg":"RS256","kid":"k","zip":"DEF"})",
           R"({"alg":"RS256","kid":"k","enc":"A128GCM"})",
           R"({"alg":"none","alg":"RS256","kid":"k"})",
           R"({"alg":"RS256","kid":"k","kid":"l"})",
           R"({"alg":["RS256"],"kid":"k"})",
           R"({"kid":"k"})",
           R"({"alg":"RS256"})",
           R"({"alg":"RS256","kid":""})",
           R"({"alg":"RS256","kid":7})",
           R"({"alg":"RS256","kid":"a\u0000b"})",
           R"({"alg":"RS256","kid":"k","typ":1})",
           R"([])",
           R"({"alg":"RS256","kid":"k"}x)",
       }) {
    const auto header = read_jose_header(json);
    ASSERT_FALSE(header) << json;
    EXPECT_EQ(header.error().reason, Reason::token_malformed) << json;
  }
}

TEST(NormalType, IgnoresCaseAndThePrefix) {
  EXPECT_EQ(normal_type("application/at+jwt"), "at+jwt");
  EXPECT_EQ(normal_type("JWT"), "jwt");
  EXPECT_EQ(normal_type("APPLICATION/JWT"), "jwt");
  EXPECT_EQ(normal_type("text/jwt"), "text/jwt");
}

}  // namespace
}  // namespace portcullis
