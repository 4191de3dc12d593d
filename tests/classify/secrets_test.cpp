// Extents and judgements of credentials that the table's examples cannot show.
#include "classify/secret_checks.h"

#include "classify/support.h"

namespace portcullis::classify {
namespace {

class Secrets : public ::testing::Test {
 protected:
  Scanner scanner{compile_or_fail()};

  std::string range_of(const std::string& text, std::string_view type) {
    const auto findings = find_all(scanner, text);
    const Finding* finding = first_of(findings, type);
    return finding == nullptr ? describe(findings)
                              : text.substr(finding->begin, finding->end - finding->begin);
  }
};

TEST_F(Secrets, APrivateKeyReachesItsEndLine) {
  const std::string body(9000, 'A');
  for (const std::string& mark : {std::string(), std::string("\u4e2d ")}) {
    const std::string key =
        "-----BEGIN RSA PRIVATE KEY-----\n" + body + "\n-----END RSA PRIVATE KEY-----";
    EXPECT_EQ(range_of(mark + "key:\n" + key + "\nbye", "private_key").size(),
              mark.empty() ? key.size() : key.size())
        << mark.size();
  }
}

TEST_F(Secrets, APrivateKeyInAnyFormReachesItsEndLineOrTheEndOfTheText) {
  const std::string head = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
  const std::string pgp =
      "\nVersion: GnuPG v1.4.11 (GNU/Linux)\n\n" + std::string(20000, 'A') + "\n=abcd\n";
  const std::string end = "-----END PGP PRIVATE KEY BLOCK-----";
  std::string quoted;
  for (int i = 0; i < 100; ++i) quoted += "  \"" + std::string(64, 'B') + "\\n\" + // '\"\n";
  for (const std::string& mark : {std::string(), std::string("\u00fc "), std::string(4000, 'x')}) {
    for (const std::string& body : {pgp, quoted, "\n-----\n" + pgp}) {
      EXPECT_EQ(range_of(mark + head + body + end + " bye", "private_key"), head + body + end);
      EXPECT_EQ(range_of(mark + "\u00fc" + head + body + end, "private_key"), head + body + end);
      EXPECT_EQ(range_of(mark + head + body, "private_key"), head + body);
    }
  }
  EXPECT_EQ(range_of(head + "abc -----BEGIN CERTIFICATE-----", "private_key"), head + "abc ");
}

TEST_F(Secrets, AJwtReachesTheEndOfItsSignature) {
  const std::string token =
      "eyJhbGciOiJIUzI1NiJ9." + std::string(6000, 'e') + "." + std::string(86, 's');
  EXPECT_EQ(range_of("token " + token + " end", "jwt"), token);
  EXPECT_EQ(range_of("\u4e2d " + token + " end", "jwt"), token);
  EXPECT_EQ(range_of("eyJ" + token, "jwt"), token) << "a prefix does not hide it";
}

TEST_F(Secrets, PrefixedKeysAreHigh) {
  for (const char* text : {"AKIAIOSFODNN7EXAMPLE", "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",
                           "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"}) {
    const auto findings = find_all(scanner, text);
    ASSERT_EQ(findings.size(), 1u) << text << describe(findings);
    EXPECT_EQ(findings[0].confidence, Confidence::high);
  }
  const auto sample = find_all(scanner, "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18");
  ASSERT_EQ(sample.size(), 1u);
  EXPECT_EQ(sample[0].confidence, Confidence::medium);
}

TEST_F(Secrets, AssignedValuesHaveTheRightRange) {
  EXPECT_EQ(range_of("password = \"s3cret value?\"", "password"), describe({}));
  EXPECT_EQ(range_of("export DB_PASSWORD='s3cr3t!x'; run", "password"), "s3cr3t!x");
  EXPECT_EQ(range_of("{\\\"password\\\": \\\"s3cr3t!x\\\"}", "password"), "s3cr3t!x");
  EXPECT_EQ(range_of("password: s3cr3t!x, next", "password"), "s3cr3t!x");
}

TEST_F(Secrets, NothingOfALongCredentialIsLeftBehindItsRange) {
  std::string value;
  for (int i = 0; i < 300; ++i) value += "aB3" + std::to_string(i) + (i % 2 == 0 ? "+" : "/");
  for (const std::string& mark : {std::string(), std::string("\u00fc ")}) {
    EXPECT_EQ(range_of(mark + "password: " + value + " next", "password"), value);
    EXPECT_EQ(range_of(mark + "password = '" + value + "'; next", "password"), value);
    EXPECT_EQ(range_of(mark + "Bearer " + value + "== next", "bearer_token"),
              "Bearer " + value + "==");
  }
}

TEST_F(Secrets, PlaceholdersAreNoSecrets) {
  for (const char* value : {"changeme", "${X}", "{{ x }}", "<token>", "********", "xxxxxxxx",
                            "process.env.PASSWORD", "None", "password", ""}) {
    EXPECT_TRUE(is_placeholder(value)) << value;
  }
  for (const char* value : {"hunter2!", "Tr0ub4dor&3", "changeme123"}) {
    EXPECT_FALSE(is_placeholder(value)) << value;
  }
}

TEST_F(Secrets, ProseAboutPasswordsIsNoSecret) {
  for (const char* text :
       {"Your password: must have eight characters", "The password is case-sensitive.",
        "What is the password for? It is needed.", "token: the smallest unit of text",
        "secret: nobody knows"}) {
    EXPECT_TRUE(find_all(scanner, text).empty()) << text << describe(find_all(scanner, text));
  }
}

TEST(Budget, CountsTheHeadersOfWhatOnlyLooksLikeAJwt) {
  std::string header;
  for (int i = 0; i < 255; ++i) header += "eyJa";
  std::string text;
  while (text.size() < 1 << 20) text += header + "fQ.abcd ";
  Scanner scanner(compile_or_fail());
  const Text texts[] = {text_of(text)};
  const auto findings = scanner.scan(texts);
  ASSERT_TRUE(findings.has_value());
  EXPECT_EQ(findings->unscanned.size(), 1u);
}

}  // namespace
}  // namespace portcullis::classify
