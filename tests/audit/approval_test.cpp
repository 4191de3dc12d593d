#include "audit/approval.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "audit/note.h"

namespace portcullis::audit {
namespace {

const char* const origin = "acme/00112233445566778899aabbccddeeff";

std::string sign_text(const std::string& text, const SigningKey& key, const std::string& name) {
  return text + '\n' +
         note_signature_line({name, NoteAlgorithm::ed25519, key.public_key()}, key.sign(text));
}

Approval sample() {
  return {origin, {{1, 99}, {200, 299}}, {{150, 150}, {400, 402}}, {{160, 161}}};
}

TEST(Approval, IsWhatWasSigned) {
  const SigningKey key = SigningKey::generate();
  const auto note = sign_approval(sample(), key);
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->starts_with(std::string("portcullis approval v1\n") + origin +
                                "\ndrop 1 99\nerase 150 150\nacknowledge 160 161\ndrop 200 299\n"
                                "erase 400 402\n\n\u2014 approver "))
      << *note;
  const auto opened = open_approval(*note, key.public_key());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->origin, origin);
  EXPECT_EQ(opened->drop, sample().drop);
  EXPECT_EQ(opened->erase, sample().erase);
  EXPECT_EQ(opened->acknowledge, sample().acknowledge);
}

TEST(Approval, OfAnotherKeyOrNameIsRefused) {
  const SigningKey key = SigningKey::generate();
  const auto note = sign_approval(sample(), key);
  ASSERT_TRUE(note);
  const PublicKey other = SigningKey::generate().public_key();
  EXPECT_EQ(open_approval(*note, other).error().cause, Cause::untrusted);
  const std::string text = note->substr(0, note->find("\n\n") + 1);
  EXPECT_TRUE(open_approval(sign_text(text, key, "approver"), key.public_key()));
  EXPECT_EQ(open_approval(sign_text(text, key, origin), key.public_key()).error().cause,
            Cause::untrusted);
}

// As of any signed note: what one reader passes over another must not believe.
TEST(Approval, OneGoodLineBesideAnotherOfTheSameKeyIsRefused) {
  const SigningKey key = SigningKey::generate();
  const auto note = sign_approval(sample(), key);
  ASSERT_TRUE(note);
  const std::string good = note->substr(note->find("\n\n") + 2);
  const std::string bad = note_signature_line(
      {"approver", NoteAlgorithm::ed25519, key.public_key()}, key.sign("another text"));
  EXPECT_FALSE(open_approval(*note + good, key.public_key()));
  EXPECT_FALSE(open_approval(*note + bad, key.public_key()));
  EXPECT_FALSE(
      open_approval(note->substr(0, note->size() - good.size()) + bad + good, key.public_key()));
}

TEST(Approval, ChangedAnywhereIsRefused) {
  const SigningKey key = SigningKey::generate();
  const auto note = sign_approval(sample(), key);
  ASSERT_TRUE(note);
  for (std::size_t i = 0; i < note->size(); ++i) {
    for (const int flip : {1, 2, 16}) {
      std::string changed = *note;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      EXPECT_FALSE(open_approval(changed, key.public_key())) << i;
    }
    EXPECT_FALSE(open_approval(note->substr(0, i), key.public_key())) << i;
  }
}

TEST(Approval, TextsThatAreNotInForm) {
  const SigningKey key = SigningKey::generate();
  const std::string start = std::string("portcullis approval v1\n") + origin + '\n';
  const struct {
    const char* why;
    std::string text;
  } cases[] = {
      {"no range", start},
      {"no origin", "portcullis approval v1\ndrop 1 2\n"},
      {"empty origin", "portcullis approval v1\n\ndrop 1 2\n"},
      {"other version", std::string("portcullis approval v2\n") + origin + "\ndrop 1 2\n"},
      {"unknown verb", start + "delete 1 2\n"},
      {"backwards", start + "drop 2 1\n"},
      {"overlapping", start + "drop 1 5\nerase 5 6\n"},
      {"descending", start + "drop 7 8\nerase 5 6\n"},
      {"leading zero", start + "drop 01 2\n"},
      {"sign", start + "drop +1 2\n"},
      {"one number", start + "drop 1\n"},
      {"three numbers", start + "drop 1 2 3\n"},
      {"two spaces", start + "drop 1  2\n"},
      {"space at the end", start + "drop 1 2 \n"},
      {"beyond 2^53", start + "drop 1 9007199254740992\n"},
      {"empty line", start + "drop 1 2\n\ndrop 4 5\n"},
  };
  for (const auto& c : cases) {
    const auto opened = open_approval(sign_text(c.text, key, "approver"), key.public_key());
    ASSERT_FALSE(opened) << c.why;
    EXPECT_EQ(opened.error().cause, Cause::invalid) << c.why;
  }
  EXPECT_TRUE(open_approval(sign_text(start + "drop 1 2\n", key, "approver"), key.public_key()));
}

TEST(Approval, WhatCannotBeApprovedIsNotSigned) {
  const SigningKey key = SigningKey::generate();
  EXPECT_FALSE(sign_approval({origin, {}, {}, {}}, key));
  EXPECT_FALSE(sign_approval({origin, {{5, 4}}, {}, {}}, key));
  EXPECT_FALSE(sign_approval({origin, {{1, 4}}, {{4, 5}}, {}}, key));
  EXPECT_FALSE(sign_approval({"", {{1, 4}}, {}, {}}, key));
  EXPECT_FALSE(sign_approval({"a\nb", {{1, 4}}, {}, {}}, key));
  Approval many{origin, {}, {}, {}};
  for (std::uint64_t seq = 0; seq < 10000; ++seq) many.erase.push_back({2 * seq, 2 * seq});
  EXPECT_EQ(sign_approval(many, key).error().cause, Cause::limit);
}

TEST(Approval, RangesAreSearched) {
  const std::vector<SeqRange> ranges = {{2, 3}, {7, 7}};
  const std::vector<std::uint64_t> in = {2, 3, 7};
  for (std::uint64_t seq = 0; seq < 10; ++seq) {
    EXPECT_EQ(any_contains(ranges, seq), std::count(in.begin(), in.end(), seq) == 1) << seq;
  }
  EXPECT_FALSE(any_contains({}, 0));
}

}  // namespace
}  // namespace portcullis::audit
