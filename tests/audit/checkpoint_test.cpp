#include "audit/checkpoint.h"

#include <gtest/gtest.h>

namespace portcullis::audit {
namespace {

TEST(Checkpoint, OpensWhatItSigned) {
  const SigningKey key = SigningKey::generate();
  Checkpoint checkpoint{"acme/000102030405060708090a0b0c0d0e0f", 42, {}};
  checkpoint.root.fill(7);
  const std::string note = sign_checkpoint(checkpoint, key);
  EXPECT_TRUE(note.starts_with("acme/000102030405060708090a0b0c0d0e0f\n42\nBwcHBwcHBwcH"));
  const auto opened = open_checkpoint(note, key.public_key());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_EQ(opened->origin, checkpoint.origin);
  EXPECT_EQ(opened->size, 42u);
  EXPECT_EQ(opened->root, checkpoint.root);
}

TEST(Checkpoint, EveryChangedByteIsRefused) {
  const SigningKey key = SigningKey::generate();
  const std::string note = sign_checkpoint({"acme/0", 42, {}}, key);
  for (std::size_t at = 0; at < note.size(); ++at) {
    for (const int bit : {1, 2, 16, 128}) {
      std::string bad = note;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      EXPECT_FALSE(open_checkpoint(bad, key.public_key()).has_value()) << at;
    }
    EXPECT_FALSE(open_checkpoint(note.substr(0, at), key.public_key()).has_value()) << at;
  }
  EXPECT_FALSE(open_checkpoint(note + note, key.public_key()).has_value());
  EXPECT_FALSE(open_checkpoint(note, SigningKey::generate().public_key()).has_value());
  EXPECT_FALSE(open_checkpoint(std::string(1 << 20, '\n'), key.public_key()).has_value());
}

TEST(Checkpoint, MayHaveOtherSignaturesButOneOfOurs) {
  const SigningKey key = SigningKey::generate();
  const std::string note = sign_checkpoint({"acme/0", 42, {}}, key);
  const std::string text = note.substr(0, note.find("\n\n") + 1),
                    ours = note.substr(text.size() + 1);
  const std::string other_key = sign_checkpoint({"acme/0", 42, {}}, SigningKey::generate());
  const std::string theirs = other_key.substr(text.size() + 1);
  const auto opens = [&](const std::string& lines) {
    return open_checkpoint(text + '\n' + lines, key.public_key()).has_value();
  };
  EXPECT_TRUE(opens(ours + theirs));
  EXPECT_TRUE(opens(theirs + ours));
  EXPECT_FALSE(opens(theirs));
  EXPECT_FALSE(opens(ours + ours));
  // Our name and key id, but not our signature: refused even beside a good one.
  const std::string bytes = ours.substr(ours.rfind(' ') + 1, 8);
  const std::string forged =
      ours.substr(0, ours.rfind(' ') + 1) + bytes + std::string(82, 'A') + "==\n";
  EXPECT_FALSE(opens(ours + forged));
  EXPECT_FALSE(opens(ours + "\n"));
  EXPECT_FALSE(opens(ours + "text\n"));
}

TEST(Checkpoint, KnowsWhatMayStandInAnOrigin) {
  EXPECT_TRUE(is_deployment_name("acme-prod.eu_1"));
  for (const std::string& bad :
       {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"),
        std::string("a+b"), std::string("a\nb"), std::string("\xC3\xA9")}) {
    EXPECT_FALSE(is_deployment_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace portcullis::audit
