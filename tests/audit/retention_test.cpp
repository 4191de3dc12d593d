#include "audit/retention.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>

#include "audit/checkpoint.h"
#include "audit/erased.h"
#include "audit/growth.h"
#include "audit/input.h"
#include "audit/lookup.h"
#include "audit/record.h"
#include "audit/record_proof.h"
#include "audit/stream_tree.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

// A log of many short segments, whose genesis names an approver.
class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    write_text(site_.path("approver.pub"), *public_key_pem(approver_.public_key()));
    site_.options.approver_key_file = site_.path("approver.pub");
    site_.options.segment_bytes_max = 6000;
    fill(60);
    before_ = read_text(site_.log_directory() + "/checkpoint");
    origin_ = read_stream_facts(directory())->origin;
  }

  void fill(int records) {
    const auto log = site_.must_open();
    for (int i = 0; i < records; ++i) {
      EXPECT_TRUE(log->commit(decision(Effect::allow, std::to_string(i))));
    }
    EXPECT_TRUE(log->close());
  }
  std::string directory() const { return site_.log_directory(); }
  std::vector<SegmentName> segments() const { return *list_segments(directory()); }
  std::string sign(Approval approval) const {
    approval.origin = origin_;
    const auto note = sign_approval(approval, approver_);
    EXPECT_TRUE(note);
    return note.value_or("");
  }
  Result<Retained> run(const std::string& note, FileSystem& files = real_file_system()) {
    return retain(site_.options, note, {files, site_.clock});
  }
  Result<Retained> run(const Approval& approval) { return run(sign(approval)); }
  // The whole of segment `i`, but for record 0.
  SeqRange segment(std::size_t i) const {
    const auto all = segments();
    return {std::max<std::uint64_t>(all[i].first_seq, 1), all[i + 1].first_seq - 1};
  }
  std::uint64_t retention_records() const {
    std::uint64_t count = 0;
    for (const std::string& path : segment_paths(directory())) {
      const std::string text = read_text(path);
      for (std::size_t at = 0; (at = text.find("\"type\":\"retention\"", at)) != std::string::npos;
           ++at) {
        ++count;
      }
    }
    return count;
  }

  // The log verifies. Every record that is left is proved under the checkpoint of before and the
  // newest one, and the one extends the other.
  void expect_proofs(const std::vector<SeqRange>& dropped) {
    const VerifyReport report = site_.verify();
    EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
    const PublicKey key = *load_public_key(site_.path("signing.pub"));
    const auto old_point = open_checkpoint(before_, key);
    const auto new_point = open_checkpoint(read_text(directory() + "/checkpoint"), key);
    ASSERT_TRUE(old_point && new_point);
    const auto growth = prove_growth(
        {directory(), {old_point->size, old_point->root}, {new_point->size, new_point->root}});
    ASSERT_TRUE(growth) << growth.error().message;
    for (std::uint64_t seq = 0; seq < old_point->size; ++seq) {
      for (const std::string& note : {before_, std::string()}) {
        const auto proof = prove_record({directory(), seq, {}, note});
        ASSERT_EQ(proof.has_value(), !any_contains(dropped, seq))
            << seq << (proof ? "" : proof.error().message);
        if (proof) EXPECT_TRUE(check_record_proof(*proof, key)) << seq;
      }
    }
  }

  Site site_;
  SigningKey approver_ = SigningKey::generate();
  std::string before_;  // the checkpoint before anything was dropped
  std::string origin_;
};

TEST_F(RetentionTest, DroppedSegmentsLeaveEveryOtherProofWhole) {
  ASSERT_GT(segments().size(), 6u);
  const std::vector<SeqRange> ranges = {segment(0), {segment(2).first, segment(3).last}};
  const std::string first_line = read_text(segment_paths(directory()).front());
  const auto done = run(Approval{"", ranges, {}, {}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->plan.segments_dropped, 3u);
  const std::string left = read_text(segment_paths(directory()).front());
  EXPECT_EQ(left, first_line.substr(0, first_line.find('\n') + 1));
  expect_proofs(ranges);
  fill(10);
  expect_proofs(ranges);
}

TEST_F(RetentionTest, TheLastSealedSegmentCanGo) {
  const auto all = segments();
  auto tree = StreamTree::open(directory());
  ASSERT_TRUE(tree);
  const SeqRange last{all.back().first_seq, tree->size() - 1};
  ASSERT_TRUE(run(Approval{"", {last}, {}, {}}));
  expect_proofs({last});
  fill(3);
  expect_proofs({last});
}

TEST_F(RetentionTest, ErasedRecordsKeepTheirPlace) {
  const std::uint64_t first = segment(1).first;
  const std::uint64_t in_first = 1;
  ASSERT_TRUE(read_stored_line(directory(), first + 1)->find("\"note\":") != std::string::npos);
  const auto done = run(Approval{"", {}, {{in_first, in_first}, {first + 1, first + 2}}, {}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->plan.records_erased, 3u);
  EXPECT_EQ(done->work.files_rewritten, 2u);
  for (const std::uint64_t seq : {in_first, first + 1, first + 2}) {
    const auto line = read_stored_line(directory(), seq);
    ASSERT_TRUE(line);
    EXPECT_TRUE(parse_erased(*line)) << *line;
  }
  expect_proofs({});
  const auto proof = prove_record({directory(), first + 1, {}, {}});
  ASSERT_TRUE(proof);
  EXPECT_TRUE(proof->line.empty());
}

TEST_F(RetentionTest, CompressedSegmentsAndTheirLeftoversGoToo) {
  for (const std::size_t i : {1u, 2u, 3u}) {
    const std::string path = segment_paths(directory())[i];
    const std::string text = read_text(path);
    std::string packed(ZSTD_compressBound(text.size()), '\0');
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    packed.resize(ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size()));
    ZSTD_freeCCtx(context);
    write_text(path + ".zst", packed);
    if (i != 3) std::filesystem::remove(path);
  }
  const std::string leftover = segment_paths(directory())[3];
  const SeqRange gone = segment(2);
  const SeqRange erased{segment(1).first + 1, segment(1).first + 1};
  const SeqRange other{segment(3).first + 1, segment(3).first + 1};
  const auto done = run(Approval{"", {gone}, {erased, other}, {}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_FALSE(std::filesystem::exists(leftover + ".zst"));
  EXPECT_TRUE(parse_erased(*read_stored_line(directory(), erased.first)));
  EXPECT_TRUE(parse_erased(*read_stored_line(directory(), other.first)));
  expect_proofs({gone});
  for (const auto& entry : std::filesystem::directory_iterator(directory())) {
    const std::string name = entry.path().filename();
    EXPECT_FALSE(name.ends_with(".zst") || name.ends_with(".tmp")) << name;
  }
}

TEST_F(RetentionTest, DroppingTwiceMovesTheRootsToTheNewRecord) {
  const SeqRange first = segment(1);
  ASSERT_TRUE(run(Approval{"", {first}, {}, {}}));
  fill(20);
  const auto all = segments();
  const auto holder = std::find_if(all.begin(), all.end(), [&](const SegmentName& s) {
    return read_text(directory() + '/' + s.name).find("\"type\":\"retention\"") !=
           std::string::npos;
  });
  ASSERT_NE(holder, all.end());
  const auto index = static_cast<std::size_t>(holder - all.begin());
  const SeqRange second = segment(index);
  const auto refused = run(Approval{"", {second}, {}, {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().cause, Cause::invalid);
  EXPECT_NE(refused.error().message.find("name this range again"), std::string::npos);
  const auto done = run(Approval{"", {first, second}, {}, {}});
  ASSERT_TRUE(done) << done.error().message;
  expect_proofs({first, second});
}

TEST_F(RetentionTest, WhatTheRulesForbidIsRefusedAndNothingIsWritten) {
  const SeqRange whole = segment(1);
  auto tree = StreamTree::open(directory());
  ASSERT_TRUE(tree);
  const std::uint64_t size = tree->size();
  const struct {
    const char* why;
    Approval approval;
    Cause cause;
  } cases[] = {
      {"record 0", {"", {{0, segment(0).last}}, {}, {}}, Cause::invalid},
      {"half a segment", {"", {{whole.first, whole.last - 1}}, {}, {}}, Cause::invalid},
      {"half of the next", {"", {{whole.first, whole.last + 1}}, {}, {}}, Cause::invalid},
      {"from the middle", {"", {{whole.first + 1, whole.last}}, {}, {}}, Cause::invalid},
      {"beyond the end", {"", {{whole.first, size}}, {}, {}}, Cause::invalid},
      {"erase beyond the end", {"", {}, {{size, size}}, {}}, Cause::invalid},
      {"acknowledge beyond", {"", {}, {}, {{size, size + 5}}}, Cause::invalid},
      {"erase an open", {"", {}, {{whole.first, whole.first}}, {}}, Cause::invalid},
      {"erase a seal", {"", {}, {{whole.last, whole.last}}, {}}, Cause::invalid},
      {"erase a checkpoint", {"", {}, {{whole.last - 1, whole.last - 1}}, {}}, Cause::invalid},
  };
  const auto files = segments().size();
  for (const auto& c : cases) {
    const auto done = run(c.approval);
    ASSERT_FALSE(done) << c.why;
    EXPECT_EQ(done.error().cause, c.cause) << c.why << ": " << done.error().message;
    EXPECT_EQ(segments().size(), files) << c.why;
  }
  EXPECT_EQ(retention_records(), 0u);
}

TEST_F(RetentionTest, OfAnotherKeyOrLogIsRefused) {
  Approval approval{origin_, {segment(1)}, {}, {}};
  const auto by_other = run(*sign_approval(approval, SigningKey::generate()));
  ASSERT_FALSE(by_other);
  EXPECT_EQ(by_other.error().cause, Cause::untrusted);
  approval.origin = "other/" + std::string(32, '0');
  const auto of_other = run(*sign_approval(approval, approver_));
  ASSERT_FALSE(of_other);
  EXPECT_NE(of_other.error().message.find("for another log"), std::string::npos);
  Site bare;
  { const auto log = bare.must_open(); }
  const auto unapproved =
      retain(bare.options, sign({"", {{1, 1}}, {}, {}}), {real_file_system(), bare.clock});
  ASSERT_FALSE(unapproved);
  EXPECT_NE(unapproved.error().message.find("names no approver"), std::string::npos);
}

TEST_F(RetentionTest, ARunningDaemonIsNotDisturbed) {
  const std::string note = sign({"", {segment(1)}, {}, {}});
  const auto daemon = site_.must_open();
  const auto done = run(note);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::exists);
}

TEST_F(RetentionTest, ADamagedSegmentIsNotDropped) {
  const SeqRange range = segment(2);
  const std::string path = segment_paths(directory())[2];
  std::string text = read_text(path);
  const std::size_t at = text.rfind("\"leaf\":\"", text.size() / 2) + 10;
  text[at] = text[at] == 'a' ? 'b' : 'a';
  write_text(path, text);
  const auto done = run(Approval{"", {range}, {}, {}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().cause, Cause::untrusted);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(RetentionTest, DamageIsAcknowledgedByNameOnly) {
  const std::uint64_t seq = segment(2).first + 1;
  const std::string path = segment_paths(directory())[2];
  std::string text = read_text(path);
  text[text.find('\n') + 1] = 'x';
  write_text(path, text);
  for (const Approval& other :
       {Approval{"", {}, {}, {{seq + 1, seq + 1}}}, Approval{"", {segment(2)}, {}, {}}}) {
    const auto refused = run(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().cause, Cause::untrusted);
  }
  const auto erased = run(Approval{"", {}, {{seq + 1, seq + 1}}, {{seq, seq}}});
  ASSERT_FALSE(erased);
  EXPECT_EQ(erased.error().cause, Cause::invalid);
  const auto done = run(Approval{"", {}, {}, {{seq, seq}}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(read_text(path), text);
}

TEST_F(RetentionTest, TheSameApprovalTwiceIsOneRecord) {
  const std::string note = sign({"", {segment(1)}, {}, {}});
  ASSERT_TRUE(run(note));
  for (int i = 0; i < 3; ++i) {
    const auto again = run(note);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->was_recorded);
  }
  EXPECT_EQ(retention_records(), 1u);
}

TEST_F(RetentionTest, SegmentsOlderThanATimeAreFound) {
  site_.clock.advance(std::chrono::hours(1));
  const std::uint64_t first_new = StreamTree::open(directory())->size();
  fill(40);
  const auto none = segments_before(directory(), "2026-01-01T00:00:00.000000000Z");
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  std::string now;
  append_rfc3339(now, site_.clock.wall());
  const auto range = segments_before(directory(), now);
  ASSERT_TRUE(range && *range);
  EXPECT_EQ(**range, (SeqRange{1, first_new - 1}));
  ASSERT_TRUE(run(Approval{"", {**range}, {}, {}}));
  const auto rest = segments_before(directory(), now);
  ASSERT_TRUE(rest);
  EXPECT_FALSE(*rest);
}

// Each file operation fails once, at each of its calls; the same call again finishes.
class RetentionFaults : public RetentionTest, public ::testing::WithParamInterface<Op> {};

TEST_P(RetentionFaults, RunAgainFinishes) {
  const std::string pristine = site_.path("pristine");
  copy_directory(directory(), pristine);
  const std::vector<SeqRange> dropped = {segment(0), segment(3)};
  const SeqRange erased{segment(1).first + 1, segment(1).first + 1};
  const std::string note = sign({"", dropped, {erased}, {}});
  int nth = 1;
  for (; nth < 100; ++nth) {
    copy_directory(pristine, directory());
    FaultyFileSystem files({GetParam(), nth, 5, FaultyFileSystem::How::fails});
    const auto failed = run(note, files);
    if (!files.fired()) break;
    const auto done = run(note);
    ASSERT_TRUE(done) << "call " << nth << ": " << done.error().message;
    EXPECT_EQ(retention_records(), 1u) << "call " << nth;
    EXPECT_TRUE(parse_erased(*read_stored_line(directory(), erased.first))) << "call " << nth;
    expect_proofs(dropped);
  }
  EXPECT_GT(nth, 1);
  EXPECT_LT(nth, 100);
}

INSTANTIATE_TEST_SUITE_P(Operations, RetentionFaults,
                         ::testing::Values(Op::open, Op::write, Op::sync, Op::rename, Op::remove,
                                           Op::sync_directory));

// Power is lost at each call: what was not synced is gone.
TEST_F(RetentionTest, APowerCutAnywhereLosesNothing) {
  const std::string pristine = site_.path("pristine");
  copy_directory(directory(), pristine);
  const std::vector<SeqRange> dropped = {segment(0), segment(3)};
  const SeqRange erased{segment(1).first + 1, segment(1).first + 1};
  const std::string note = sign({"", dropped, {erased}, {}});
  for (int dies_at = 1; dies_at < 200; dies_at += places_step) {
    copy_directory(pristine, directory());
    bool died = false;
    {
      MortalFileSystem files(dies_at);
      const auto done = run(note, files);
      died = files.dead();
      files.power_cut(files.unsynced_bytes() / 2, MortalFileSystem::Renames::kept);
    }
    if (!died) return;
    const auto done = run(note);
    ASSERT_TRUE(done) << "call " << dies_at << ": " << done.error().message;
    EXPECT_EQ(retention_records(), 1u) << "call " << dies_at;
    expect_proofs(dropped);
  }
  FAIL() << "never finished";
}

}  // namespace
}  // namespace portcullis::audit
