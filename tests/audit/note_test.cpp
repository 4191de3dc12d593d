#include "audit/note.h"

#include <gtest/gtest.h>

namespace portcullis::audit {
namespace {

// The example of https://c2sp.org/signed-note.
const std::string example =
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n"
    "ed \u00E8 subito sera.\n\n\u2014 quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+"
    "EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

TEST(Note, IsSplitAtItsLastBlankLine) {
  const auto note = parse_note(example);
  ASSERT_TRUE(note.has_value()) << note.error().message;
  EXPECT_TRUE(note->text.ends_with("subito sera.\n"));
  EXPECT_TRUE(note->text.starts_with("Ognuno"));
  ASSERT_EQ(note->signatures.size(), 1u);
  EXPECT_EQ(note->signatures[0].key_name, "quasimodo.example/salvatore");
  EXPECT_EQ(hex(note->signatures[0].key_id), "367ba04b");
  EXPECT_EQ(note->signatures[0].signature.size(), 64u);
}

TEST(Note, OutOfFormIsRefused) {
  const std::string line = example.substr(example.find("\u2014"));
  const std::vector<std::string> bad{
      "",
      "\n",
      "text\n",
      "text\n\n",
      "text\n\n" + line.substr(0, line.size() - 1),
      "text\n\n" + line + "x\n",
      "text\n\n- a AAAAAAA=\n",
      "text\n\n\u2014 AAAAAAA=\n",
      "text\n\n\u2014 a+b AAAAAAA=\n",
      "text\n\n\u2014 a AAAAAA==\n",
      "text\n\n\u2014 a AAAAAAA\n",
      "te\txt\n\n" + line,
      "te\xFFxt\n\n" + line,
      std::string(note_bytes_max, 'x') + "\n\n" + line,
  };
  for (const std::string& note : bad) EXPECT_FALSE(parse_note(note).has_value()) << note;
}

TEST(Note, HoldsAtLeastSixteenSignaturesAndNotAnyNumber) {
  std::string note = "text\n\n";
  for (std::size_t i = 0; i < note_signatures_max; ++i) note += "\u2014 a AAAAAAA=\n";
  const auto most = parse_note(note);
  ASSERT_TRUE(most.has_value()) << most.error().message;
  EXPECT_EQ(most->signatures.size(), note_signatures_max);
  EXPECT_FALSE(parse_note(note + "\u2014 a AAAAAAA=\n").has_value());
}

TEST(Note, KnowsWhatAKeyMayBeCalled) {
  EXPECT_TRUE(is_note_key_name("acme/00"));
  for (const std::string& bad :
       {std::string(), std::string("a b"), std::string("a+b"), std::string("a\nb"),
        std::string("\u00E9"), std::string(257, 'a')}) {
    EXPECT_FALSE(is_note_key_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace portcullis::audit
