#include "audit/cosignature.h"

#include <gtest/gtest.h>

#include "audit/checkpoint.h"
#include "audit/note.h"

namespace portcullis::audit {
namespace {

// The verifier key and the cosignature of the example in https://c2sp.org/tlog-cosignature are not
// published together, so the messages are signed here.
struct Witness {
  SigningKey key = SigningKey::generate();
  WitnessKey known;
  explicit Witness(std::string name) : known{std::move(name), key.public_key()} {}

  std::string cosign(std::string_view text, std::int64_t time) const {
    std::string message = "cosignature/v1\ntime " + std::to_string(time) + "\n";
    message += text;
    const Signature signature = key.sign(message);
    Bytes bytes;
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(time) >> shift));
    }
    bytes.insert(bytes.end(), signature.begin(), signature.end());
    return note_signature_line({known.name, NoteAlgorithm::cosignature_v1, known.key}, bytes);
  }

  std::string vkey() const {
    const NoteKeyId id = note_key_id({known.name, NoteAlgorithm::cosignature_v1, known.key});
    Bytes key_bytes{0x04};
    key_bytes.insert(key_bytes.end(), known.key.begin(), known.key.end());
    return known.name + '+' + hex(id) + '+' + base64(key_bytes);
  }
};

struct Log {
  SigningKey key = SigningKey::generate();
  std::string note = sign_checkpoint({"acme/0", 42, {}}, key);
  std::string text = note.substr(0, note.find("\n\n") + 1);
};

TEST(Cosignature, OfTrustedWitnessesCounts) {
  const Log log;
  const Witness first("w1.example"), second("w2.example/x"), stranger("w1.example");
  const std::string note = log.note + stranger.cosign(log.text, 5) + second.cosign(log.text, 7) +
                           first.cosign(log.text, 1'679'315'147);
  const std::vector<WitnessKey> trusted{first.known, second.known};
  const auto opened = open_cosignatures(note, trusted);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_EQ(opened->size(), 2u);
  EXPECT_EQ((*opened)[0].witness, "w2.example/x");
  EXPECT_EQ((*opened)[0].time, 7);
  EXPECT_EQ((*opened)[1].witness, "w1.example");
  EXPECT_EQ((*opened)[1].time, 1'679'315'147);
  // The log's own signature stays what it was.
  const auto checkpoint = open_checkpoint(note, log.key.public_key());
  ASSERT_TRUE(checkpoint.has_value()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->size, 42u);
}

TEST(Cosignature, TwiceByTheSameWitnessIsAnError) {
  const Log log;
  const Witness witness("w1.example");
  const auto twice =
      open_cosignatures(log.note + witness.cosign(log.text, 5) + witness.cosign(log.text, 6),
                        std::vector{witness.known});
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().message, "two cosignatures of w1.example");
}

TEST(Cosignature, OfStrangersDoesNotCount) {
  const Log log;
  const Witness witness("w1.example");
  const auto none = open_cosignatures(log.note, std::vector{witness.known});
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->empty());
  const auto stranger =
      open_cosignatures(log.note + Witness("w1.example").cosign(log.text, 1), {&witness.known, 1});
  ASSERT_TRUE(stranger.has_value());
  EXPECT_TRUE(stranger->empty());
}

TEST(Cosignature, EveryChangedByteIsRefusedOrUnknown) {
  const Log log;
  const Witness witness("w1.example");
  const std::string note = log.note + witness.cosign(log.text, 1'679'315'147);
  for (std::size_t at = 0; at < note.size(); ++at) {
    for (const int bit : {1, 2, 16, 128}) {
      std::string bad = note;
      bad[at] = static_cast<char>(bad[at] ^ bit);
      const auto opened = open_cosignatures(bad, {&witness.known, 1});
      const bool counts = opened && !opened->empty();
      const bool in_log_line = at > log.text.size() && at < log.note.size();
      if (!in_log_line) EXPECT_FALSE(counts) << at;
    }
    const auto cut = open_cosignatures(note.substr(0, at), {&witness.known, 1});
    EXPECT_FALSE(cut && !cut->empty()) << at;
  }
}

TEST(Cosignature, IsNoPlainSignatureOfTheNote) {
  const Log log;
  const Witness witness("w1.example");
  const Signature plain = witness.key.sign(log.text);
  // As an Ed25519 signature line, and as a cosignature whose message has no header.
  const std::string ed25519 =
      note_signature_line({"w1.example", NoteAlgorithm::ed25519, witness.known.key}, plain);
  Bytes timed(8, 0);
  timed.insert(timed.end(), plain.begin(), plain.end());
  const std::string headless =
      note_signature_line({"w1.example", NoteAlgorithm::cosignature_v1, witness.known.key}, timed);
  const auto unknown = open_cosignatures(log.note + ed25519, {&witness.known, 1});
  EXPECT_TRUE(unknown && unknown->empty());
  EXPECT_FALSE(open_cosignatures(log.note + headless, {&witness.known, 1}).has_value());
  Bytes far = timed;
  far[0] = 0x80;  // beyond 2^63 - 1
  const std::string beyond =
      note_signature_line({"w1.example", NoteAlgorithm::cosignature_v1, witness.known.key}, far);
  EXPECT_FALSE(open_cosignatures(log.note + beyond, {&witness.known, 1}).has_value());
}

TEST(Cosignature, IsTakenFromAWitnessAnswer) {
  const Log log;
  const Witness witness("w1.example"), stranger("w1.example");
  const std::string mine = witness.cosign(log.text, 9), other = stranger.cosign(log.text, 9);
  const auto taken = cosigned_note(log.note, other + mine, witness.known);
  ASSERT_TRUE(taken.has_value()) << taken.error().message;
  EXPECT_EQ(*taken, log.note + mine);
  const std::string elsewhere = witness.cosign("acme/0\n43\n", 9);
  for (const std::string& bad : {std::string(), other, elsewhere, mine + elsewhere, "x" + mine,
                                 mine + "\n", "text\n\n" + mine, std::string(1 << 20, 'x')}) {
    EXPECT_FALSE(cosigned_note(log.note, bad, witness.known).has_value()) << bad.substr(0, 200);
  }
}

TEST(WitnessKey, IsReadFromItsText) {
  const Witness witness("w1.example");
  const auto key = parse_witness_key(witness.vkey());
  ASSERT_TRUE(key.has_value()) << key.error().message;
  EXPECT_EQ(key->name, "w1.example");
  EXPECT_EQ(key->key, witness.known.key);
  const std::string text = witness.vkey();
  for (const std::string& bad :
       {std::string(), std::string("a+b"), "x" + text, text + "x", text + "\n", " " + text,
        text.substr(0, text.size() - 4), "w 1" + text.substr(text.find('+')),
        text.substr(text.find('+')), std::string("w1.example+00000000+AQ==")}) {
    EXPECT_FALSE(parse_witness_key(bad).has_value()) << bad;
  }
}

TEST(WitnessKey, FilesHaveOneALine) {
  const std::string one = Witness("w1").vkey(), two = Witness("w2").vkey();
  const auto keys = parse_witness_keys("# ours\n\n" + one + "\r\n" + two);
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[1].name, "w2");
  const auto bad = parse_witness_keys(one + "\nhello\n");
  ASSERT_FALSE(bad.has_value());
  EXPECT_TRUE(bad.error().message.starts_with("line 2: ")) << bad.error().message;
  EXPECT_FALSE(parse_witness_keys("# nothing\n").has_value());
  std::string many;
  for (int i = 0; i < 65; ++i) many += one + "\n";
  EXPECT_FALSE(parse_witness_keys(many).has_value());
}

}  // namespace
}  // namespace portcullis::audit
