// Power cuts: at every call, and at every byte of what was not synced. Afterwards every
// acknowledged record is there, the log continues, and it verifies.
#include <filesystem>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

using Renames = MortalFileSystem::Renames;

// Two starts with rolls; stops at the first failure.
void live(Site& site, FileSystem& files) {
  for (int start = 0; start < 2; ++start) {
    auto opened = site.open_with(files);
    if (!opened) return;
    site.stream_key_file();
    for (int i = 0; i < 3; ++i) {
      for (const Committed& answer :
           submit_all(**opened, {decision(Effect::allow), outcome(), change()})) {
        if (answer.receipt) site.receipts.push_back(answer.receipt->text());
        EXPECT_EQ(answer.clearance.has_value(), answer.receipt && answer.ticket == 0);
      }
    }
    if (!(*opened)->close()) return;
  }
}

void expect_whole_after_restart(Site& site) {
  if (!segment_paths(site.log_directory()).empty()) site.stream_key_file();
  auto again = site.open();
  ASSERT_TRUE(again.has_value()) << again.error().message;
  site.stream_key_file();
  const auto receipt = (*again)->commit(change());
  ASSERT_TRUE(receipt.has_value());
  auto receipts = site.receipts;
  site.receipts.push_back(receipt->text());
  ASSERT_TRUE((*again)->close().has_value());
  const VerifyReport report = site.verify();
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
  EXPECT_TRUE(report.streams.at(0).sealed);
  site.receipts = std::move(receipts);
}

struct Cut {
  Renames renames;
  double kept;  // share of the unsynced bytes
};
class PowerCut : public testing::TestWithParam<Cut> {};

TEST_P(PowerCut, AtEveryCall) {
  for (int at = 1;; at += places_step) {
    SCOPED_TRACE("call " + std::to_string(at));
    Site site;
    site.options.segment_bytes_max = 2000;
    MortalFileSystem files(at);
    live(site, files);
    if (!files.dead()) {
      EXPECT_GT(at, 50);
      break;
    }
    const auto bytes = static_cast<double>(files.unsynced_bytes());
    files.power_cut(static_cast<std::size_t>(bytes * GetParam().kept), GetParam().renames);
    // The test saved K_0 of a stream that never began.
    if (segment_paths(site.log_directory()).empty()) std::filesystem::remove(site.path("k0.hex"));
    expect_whole_after_restart(site);
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PowerCut,
                         testing::Values(Cut{Renames::lost, 0}, Cut{Renames::kept, 0},
                                         Cut{Renames::kept, 1}, Cut{Renames::kept, 0.0006}));

// How a start ended.
enum class Start : std::uint8_t { whole, cut };

Start start_and_cut(Site& site, int at) {
  MortalFileSystem files(at);
  { const auto opened = site.open_with(files); }
  if (!files.dead()) return Start::whole;
  files.power_cut(files.unsynced_bytes(), Renames::kept);
  return Start::cut;
}

// A host that does not stay up: the first start is cut, and then the one that recovers.
TEST(PowerCutTwice, AtEveryCallOfTheFirstTwoStarts) {
  int chains = 0;
  for (int first = 1;; ++first) {
    Site fresh;
    if (start_and_cut(fresh, first) == Start::whole) break;
    for (int second = 1;; second += places_step) {
      SCOPED_TRACE("calls " + std::to_string(first) + ", " + std::to_string(second));
      Site site;
      start_and_cut(site, first);
      if (!segment_paths(site.log_directory()).empty()) site.stream_key_file();
      if (start_and_cut(site, second) == Start::whole) break;
      expect_whole_after_restart(site);
      if (HasFailure()) return;
      ++chains;
    }
  }
  EXPECT_GT(chains, 30);
}

// Finds the call at which the batch of `drafts` is synced, then cuts it at every byte.
TEST(PowerCutInABatch, AtEveryByte) {
  MortalFileSystem counting(0);
  int calls_before = 0;
  {
    Site site;
    auto log = *site.open_with(counting);
    ASSERT_TRUE(log->commit(change("first")).has_value());
    calls_before = counting.calls();
  }
  Site site;
  MortalFileSystem files(calls_before + 2);  // its write is done, its sync is not
  {
    auto log = *site.open_with(files);
    site.stream_key_file();
    site.receipts.push_back(log->commit(change("first"))->text());
    const auto answers = submit_all(*log, {decision(Effect::allow)});
    ASSERT_EQ(answers[0].failure, Reason::audit_unavailable);
  }
  const std::string whole = read_text(segment_paths(site.log_directory()).at(0));
  const std::size_t length = whole.find('\0');
  const std::size_t start = whole.rfind('\n', length - 2) + 1;
  files.power_cut(0, Renames::kept);
  const std::string saved = site.path("saved");
  copy_directory(site.log_directory(), saved);
  for (std::size_t kept = 0; kept <= length - start; kept += places_step) {
    SCOPED_TRACE("byte " + std::to_string(kept));
    copy_directory(saved, site.log_directory());
    const std::string path = segment_paths(site.log_directory()).at(0);
    std::string torn = read_text(path);
    torn.replace(start, kept, whole.substr(start, kept));
    write_text(path, torn);
    expect_whole_after_restart(site);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace portcullis::audit
