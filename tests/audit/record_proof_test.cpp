#include "audit/record_proof.h"

#include <gtest/gtest.h>

#include "audit/growth.h"
#include "audit/input.h"
#include "audit/lookup.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

class RecordProofTest : public ::testing::Test {
 protected:
  RecordProofTest() {
    site_.options.segment_bytes_max = 6000;
    const auto log = site_.must_open();
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(log->commit(decision(Effect::allow, std::to_string(i))));
      if (i == 20) early_note_ = read_text(site_.log_directory() + "/checkpoint");
    }
    EXPECT_TRUE(log->close());
    key_ = *load_public_key(site_.path("signing.pub"));
  }

  Site site_;
  std::string early_note_;
  PublicKey key_{};
};

TEST_F(RecordProofTest, EveryRecordOfTheNewestCheckpointIsProved) {
  const auto genesis = read_stream_facts(site_.log_directory());
  ASSERT_TRUE(genesis);
  EXPECT_EQ(genesis->public_key, key_);
  for (std::uint64_t seq = 0; seq < 41; ++seq) {
    const auto proof = prove_record({site_.log_directory(), seq, {}, {}});
    ASSERT_TRUE(proof) << proof.error().message;
    const auto again = parse_record_proof(to_json(*proof));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(to_json(*again), to_json(*proof));
    const auto proved = check_record_proof(*again, key_);
    ASSERT_TRUE(proved) << proved.error().message;
    EXPECT_EQ(proved->origin, genesis->origin);
  }
}

TEST_F(RecordProofTest, LeadsToTheCheckpointThatIsAskedFor) {
  const auto segments = list_segments(site_.log_directory());
  ASSERT_TRUE(segments);
  const std::uint64_t size = (*segments)[2].first_seq;
  const auto proof = prove_record({site_.log_directory(), 3, size, {}});
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(check_record_proof(*proof, key_)->size, size);
  const auto kept = prove_record({site_.log_directory(), 3, {}, early_note_});
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->checkpoint, early_note_);
  EXPECT_EQ(prove_record({site_.log_directory(), 3, 4, {}}).error().cause, Cause::not_found);
  EXPECT_EQ(prove_record({site_.log_directory(), size, size, {}}).error().cause, Cause::not_found);
  EXPECT_EQ(prove_record({site_.log_directory(), 1u << 30, {}, {}}).error().cause,
            Cause::not_found);
}

TEST_F(RecordProofTest, AnythingChangedDoesNotHold) {
  const auto proof = prove_record({site_.log_directory(), 7, {}, {}});
  ASSERT_TRUE(proof);
  const std::string json = to_json(*proof);
  for (std::size_t i = 0; i < json.size(); i += 3) {
    std::string changed = json;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = parse_record_proof(changed);
    if (!read) continue;
    const bool own_word = read->public_key != proof->public_key;
    EXPECT_TRUE(own_word || !check_record_proof(*read, key_)) << i << ": " << changed.substr(i, 20);
  }
  EXPECT_FALSE(check_record_proof(*proof, SigningKey::generate().public_key()));
}

TEST_F(RecordProofTest, WhatIsNoProofIsSaidToBeNone) {
  const auto proof = prove_record({site_.log_directory(), 7, {}, {}});
  ASSERT_TRUE(proof);
  const std::string json = to_json(*proof);
  for (const std::string text : {"", "{}", "[]", "null", "{\"format\":1}"}) {
    EXPECT_FALSE(parse_record_proof(text)) << text;
  }
  std::string other = json;
  other.replace(other.find("v1"), 2, "v2");
  EXPECT_EQ(parse_record_proof(other).error().cause, Cause::unsupported);
  for (std::size_t length = 0; length < json.size(); length += 7) {
    EXPECT_FALSE(parse_record_proof(json.substr(0, length)));
  }
  std::string indented;
  for (const char c : json) {
    indented += c;
    if (c == '{' && indented.size() == 1) indented += "\n\t";
  }
  EXPECT_TRUE(parse_record_proof(indented));
}

TEST_F(RecordProofTest, ALogThatWasChangedProvesNothing) {
  const std::string path = segment_paths(site_.log_directory()).front();
  std::string text = read_text(path);
  const std::size_t at = text.find("\"note\":\"3\"");
  ASSERT_NE(at, std::string::npos);
  text[at + 8] = '4';
  write_text(path, text);
  const auto segments = list_segments(site_.log_directory());
  bool refused = false;
  for (std::uint64_t seq = 0; seq < (*segments)[1].first_seq; ++seq) {
    const auto proof = prove_record({site_.log_directory(), seq, {}, {}});
    if (proof) continue;
    EXPECT_EQ(proof.error().cause, Cause::untrusted);
    refused = true;
  }
  EXPECT_TRUE(refused);
}

TEST_F(RecordProofTest, GrowthIsProvedOrRefuted) {
  const std::string directory = site_.log_directory();
  const auto grown = prove_growth({directory, {5, {}}, {30, {}}});
  ASSERT_TRUE(grown) << grown.error().message;
  EXPECT_TRUE(verify_consistency(grown->claim, grown->proof));
  const Digest right = grown->claim.old_root;
  EXPECT_TRUE(prove_growth({directory, {5, right}, {30, grown->claim.new_root}}));
  Digest wrong = right;
  wrong[5] ^= 1;
  EXPECT_EQ(prove_growth({directory, {5, wrong}, {30, {}}}).error().cause, Cause::untrusted);
  EXPECT_EQ(prove_growth({directory, {5, {}}, {30, wrong}}).error().cause, Cause::untrusted);
  EXPECT_EQ(prove_growth({directory, {30, {}}, {5, {}}}).error().cause, Cause::untrusted);
  EXPECT_EQ(prove_growth({directory, {5, {}}, {3000, right}}).error().cause, Cause::untrusted);
  EXPECT_EQ(prove_growth({directory, {5, {}}, {3000, {}}}).error().cause, Cause::not_found);
}

}  // namespace
}  // namespace portcullis::audit
