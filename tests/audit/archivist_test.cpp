// Sidecars and compression of sealed segments, also across failures and crashes at every call.
#include "audit/archivist.h"

#include <zstd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <thread>

#include "audit/compress.h"
#include "audit/input.h"
#include "audit/record.h"
#include "audit/support.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

std::string leaves_of(const std::string& segment_text) {
  std::string leaves;
  for (std::size_t at = 0; at < segment_text.size();) {
    const std::size_t end = segment_text.find('\n', at);
    leaves += as_text(parse_record(std::string_view(segment_text).substr(at, end - at))->leaf);
    at = end + 1;
  }
  return leaves;
}

std::string decompressed(const std::string& frame) {
  const auto bytes = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN) return "no size";
  std::string out(bytes, '\0');
  const auto got = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0) return ZSTD_getErrorName(got);
  out.resize(got);
  return out;
}

// Five segments; their texts by first seq.
std::map<std::uint64_t, std::string> fill(Site& site) {
  site.options.segment_bytes_max = 3000;
  for (int start = 0; start < 2; ++start) {
    auto log = site.must_open();
    site.stream_key_file();
    for (int i = 0; i < 6; ++i) {
      const auto receipt = log->commit(change(std::string(500, 'x')));
      EXPECT_TRUE(receipt.has_value());
      site.receipts.push_back(receipt->text());
    }
  }
  std::map<std::uint64_t, std::string> texts;
  const auto segments = list_segments(site.log_directory());
  for (const SegmentName& segment : *segments) {
    texts[segment.first_seq] = read_text(site.log_directory() + '/' + segment.name);
  }
  EXPECT_GT(texts.size(), 3u);
  return texts;
}

// All but the last segment, which is sealed but not followed by another one.
void expect_compressed(Site& site, const std::map<std::uint64_t, std::string>& texts) {
  for (const auto& [first_seq, text] : texts) {
    const std::string plain = site.log_directory() + '/' + segment_name(first_seq);
    const bool last = first_seq == texts.rbegin()->first;
    EXPECT_EQ(fs::exists(plain), last) << plain;
    EXPECT_EQ(fs::exists(plain + ".zst"), !last) << plain;
    if (!last) EXPECT_EQ(decompressed(read_text(plain + ".zst")), text);
  }
}

void archive(Site& site, FileSystem& files, std::uint64_t before) {
  Archivist archivist({site.log_directory(), Compression::zstd}, files);
  archivist.sealed_before(before);
  // The pass over what is sealed is taken up before the end is looked at again.
  while (!archivist.idle()) std::this_thread::yield();
}

TEST(Archivist, WritesTheLeavesOfEverySealedSegment) {
  Site site;
  const auto texts = fill(site);
  for (const auto& [first_seq, text] : texts) {
    EXPECT_EQ(read_text(site.log_directory() + '/' + sidecar_name(first_seq)), leaves_of(text));
    fs::remove(site.log_directory() + '/' + sidecar_name(first_seq));
  }
  { auto log = site.must_open(); }
  for (const auto& [first_seq, text] : texts) {
    EXPECT_EQ(read_text(site.log_directory() + '/' + sidecar_name(first_seq)), leaves_of(text));
  }
  EXPECT_EQ(sidecar_name(7), "00000000000000000007.leaves");
}

TEST(Archivist, LeavesADamagedSegmentAlone) {
  Site site;
  const auto texts = fill(site);
  const std::string path = site.log_directory() + '/' + segment_name(0);
  fs::remove(site.log_directory() + '/' + sidecar_name(0));
  std::string damaged = texts.at(0);
  damaged[damaged.find('\n') + 1] = 'x';
  write_text(path, damaged);
  archive(site, real_file_system(), texts.rbegin()->first);
  EXPECT_EQ(read_text(path), damaged);
  EXPECT_FALSE(fs::exists(site.log_directory() + '/' + sidecar_name(0)));
  EXPECT_TRUE(fs::exists(site.log_directory() + '/' + segment_name(texts.rbegin()->first)));
}

TEST(Archivist, CompressesToOneFrameThatGivesTheBytesBack) {
  Site site;
  const auto texts = fill(site);
  archive(site, real_file_system(), texts.rbegin()->first);
  expect_compressed(site, texts);
  // The checksum is there: a flipped bit is found.
  std::string frame = read_text(site.log_directory() + '/' + compressed_segment_name(0));
  frame[frame.size() - 1] = static_cast<char>(frame[frame.size() - 1] ^ 1);
  EXPECT_NE(decompressed(frame), texts.at(0));
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  // The stream goes on behind compressed segments.
  auto log = site.must_open();
  EXPECT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
}

TEST(Archivist, TheLogHasItsSealedSegmentsCompressed) {
  Site site;
  const auto texts = fill(site);
  site.options.compress_sealed = true;
  auto log = site.must_open();
  const std::string last = site.log_directory() + '/' + segment_name(texts.rbegin()->first);
  while (fs::exists(last)) std::this_thread::yield();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log->commit(change(std::string(500, 'x'))).has_value());
  ASSERT_TRUE(log->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

TEST(Archivist, AFrameBesideItsSegmentIsMadeAnew) {
  Site site;
  const auto texts = fill(site);
  write_text(site.log_directory() + '/' + compressed_segment_name(0), "left over");
  write_text(site.log_directory() + '/' + compressed_segment_name(0) + ".tmp", "left over, too");
  archive(site, real_file_system(), texts.rbegin()->first);
  expect_compressed(site, texts);
}

TEST(Archivist, AStoppedTaskLeavesTheSegment) {
  Site site;
  const auto texts = fill(site);
  const std::atomic<bool> stop{true};
  const ArchiveTask task{site.log_directory(), {0, segment_name(0)}, stop};
  ASSERT_TRUE(compress_segment(real_file_system(), task).has_value());
  EXPECT_EQ(read_text(site.log_directory() + '/' + segment_name(0)), texts.at(0));
  EXPECT_FALSE(fs::exists(site.log_directory() + '/' + compressed_segment_name(0)));
  EXPECT_FALSE(fs::exists(site.log_directory() + '/' + compressed_segment_name(0) + ".tmp"));
}

// Whatever fails at whatever call: no byte of a segment is lost, and the next start does the rest.
TEST(Archivist, LosesNothingWhateverFails) {
  using How = FaultyFileSystem::How;
  Site origin;
  auto texts = fill(origin);
  texts.erase(std::next(texts.begin(), 3), texts.end());
  const std::uint64_t last = texts.rbegin()->first;
  for (const auto& entry : fs::directory_iterator(origin.log_directory())) {
    if (entry.path().extension() == ".leaves") fs::remove(entry.path());
  }
  copy_directory(origin.log_directory(), origin.path("saved"));
  for (const Op op : all_ops) {
    for (const How how :
         {How::fails, How::fails_but_persists, How::short_write, How::interrupted}) {
      if (how == How::short_write && op != Op::write && op != Op::read) continue;
      for (int nth = 1;; ++nth) {
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(op)) + ", how " +
                     std::to_string(static_cast<int>(how)) + ", call " + std::to_string(nth));
        copy_directory(origin.path("saved"), origin.log_directory());
        FaultyFileSystem files({op, nth, ENOSPC, how, FaultyFileSystem::Plan::Whose::archivist});
        archive(origin, files, last);
        if (!files.fired()) break;
        const VerifyReport report = origin.verify();
        EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
        archive(origin, real_file_system(), last);
        expect_compressed(origin, texts);
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace portcullis::audit
