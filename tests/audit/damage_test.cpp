// Damage of every kind at every place of a small log: always the right class, never exit 0, never a
// crash. The undamaged log is one that verifies with exit 0.
#include <utime.h>
#include <zstd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "audit/forge.h"
#include "audit/input.h"
#include "audit/support.h"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

// Long ago: nothing is being written there now.
void write_old(const std::string& path, const std::string& text) {
  write_text(path, text);
  const utimbuf long_ago = {1'600'000'000, 1'600'000'000};
  ::utime(path.c_str(), &long_ago);
}

std::string decompressed(const std::string& frame, std::size_t size) {
  std::string out(size, '\0');
  const std::size_t got = ZSTD_decompress(out.data(), size, frame.data(), frame.size());
  return ZSTD_isError(got) != 0 ? std::string() : out.substr(0, got);
}

class Damage : public testing::Test {
 protected:
  // Two segments, closed: records 0-3 and 4-7; the last checkpoint is cosigned and kept outside.
  void SetUp() override {
    for (int start = 0; start < 2; ++start) {
      auto log = site_.must_open();
      site_.stream_key_file();
      ASSERT_TRUE(log->commit(decision(Effect::allow)).has_value());
      ASSERT_TRUE(log->close().has_value());
    }
    const SigningKey witness = SigningKey::generate();
    const std::string note = read_text(site_.log_directory() + "/checkpoint");
    write_text(site_.path("kept"), cosigned(note, {witness, witness, 1'790'000'010}));
    write_text(site_.path("witness.vkey"), witness_key(witness));
    options_.directories = {site_.log_directory()};
    options_.public_key_file = site_.path("signing.pub");
    options_.key_file = site_.path("k0.hex");
    options_.witness_key_files = {site_.path("witness.vkey")};
    options_.anchor_files = {site_.path("kept")};
    options_.jobs = 1;
    paths_ = segment_paths(site_.log_directory());
    ASSERT_EQ(paths_.size(), 2u);
    const VerifyReport whole = verify_log(options_);
    ASSERT_EQ(whole.exit, VerifyExit::whole)
        << problems(whole) << testing::PrintToString(whole.not_checked);
  }

  // What nobody kept outside.
  void forget_anchors() {
    options_.anchor_files.clear();
    fs::remove(site_.log_directory() + "/checkpoint");
  }

  VerifyExit verify_with(const std::string& path, const std::string& content) {
    write_old(path, content);
    return verify_log(options_).exit;
  }

  Site site_;
  VerifyOptions options_;
  std::vector<std::string> paths_;
};

// One bit of each byte and all bits of some; all of all, which takes minutes, if the environment
// has PORTCULLIS_EVERY_BIT.
TEST_F(Damage, EveryBit) {
  const bool every_bit = std::getenv("PORTCULLIS_EVERY_BIT") != nullptr;
  for (const std::string& path : paths_) {
    const std::string good = read_text(path);
    for (std::size_t at = 0; at < good.size() && !HasFailure(); at += places_step) {
      const bool line_end = good[at] == '\n';
      for (int bit = 0; bit < 8; ++bit) {
        if (!every_bit && bit != static_cast<int>(at % 8) && at % 97 != 0 && !line_end) continue;
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
        // Another version is not evidence of tampering, but nothing that can be verified.
        const bool version =
            at >= 5 && good.substr(at - 5, 5) == "{\"v\":" && std::isdigit(bad[at]);
        EXPECT_EQ(verify_with(path, bad), version ? VerifyExit::cannot : VerifyExit::integrity)
            << path << " at " << at << " bit " << bit;
      }
    }
    write_old(path, good);
  }
}

TEST_F(Damage, EveryTruncation) {
  for (const std::string& path : paths_) {
    const std::string good = read_text(path);
    for (std::size_t size = 0; size < good.size() && !HasFailure(); size += places_step) {
      // What was kept outside names more records than there are, or one is missing in the middle.
      EXPECT_EQ(verify_with(path, good.substr(0, size)),
                path == paths_.back()                                  ? VerifyExit::integrity
                : good[size - (size > 0 ? 1 : 0)] == '\n' || size == 0 ? VerifyExit::gap
                                                                       : VerifyExit::integrity)
          << path << " cut to " << size;
    }
    write_old(path, good);
  }
}

TEST_F(Damage, EveryTruncationOfTheTailThatNobodyVouchesFor) {
  forget_anchors();
  const std::string good = read_text(paths_.back());
  for (std::size_t size = 0; size < good.size() && !HasFailure(); size += places_step) {
    const bool between_records = size > 0 && good[size - 1] == '\n';
    EXPECT_EQ(verify_with(paths_.back(), good.substr(0, size)),
              between_records ? VerifyExit::unanchored : VerifyExit::gap)
        << "cut to " << size;
  }
}

TEST_F(Damage, EveryBlockOfZeros) {
  for (const std::string& path : paths_) {
    const std::string good = read_text(path);
    for (std::size_t at = 0; at < good.size() && !HasFailure(); at += 64) {
      std::string bad = good;
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at),
                  std::min<std::size_t>(512, good.size() - at), '\0');
      EXPECT_EQ(verify_with(path, bad), VerifyExit::integrity) << path << " at " << at;
    }
    write_old(path, good);
  }
}

TEST_F(Damage, EveryByteOfTheCheckpointAndOfTheNoteThatWasKept) {
  for (const std::string& path : {site_.log_directory() + "/checkpoint", site_.path("kept")}) {
    const std::string good = read_text(path);
    for (std::size_t at = 0; at < good.size() && !HasFailure(); at += places_step) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
      const VerifyExit exit = verify_with(path, bad);
      EXPECT_NE(exit, VerifyExit::whole) << path << " at " << at;
      EXPECT_NE(verify_with(path, good.substr(0, at)), VerifyExit::whole) << path << " at " << at;
    }
    write_old(path, good);
  }
}

TEST_F(Damage, OfACompressedSegment) {
  const std::string plain = read_text(paths_[0]);
  const std::string good = compressed(plain);
  fs::remove(paths_[0]);
  const std::string path = paths_[0] + ".zst";
  ASSERT_EQ(verify_with(path, good), VerifyExit::whole) << problems(verify_log(options_));
  std::map<VerifyExit, int> seen;
  for (std::size_t at = 0; at < good.size() && !HasFailure(); at += places_step) {
    EXPECT_EQ(verify_with(path, good.substr(0, at)), VerifyExit::cannot) << "cut to " << at;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const VerifyExit exit = verify_with(path, bad);
      ++seen[exit];
      // A change that leaves every byte of the segment as it was damages nothing.
      const bool harmless = exit == VerifyExit::whole && decompressed(bad, plain.size()) == plain;
      EXPECT_TRUE(exit == VerifyExit::integrity || exit == VerifyExit::cannot || harmless)
          << static_cast<int>(exit) << " at " << at << " bit " << bit;
    }
  }
  EXPECT_GT(seen[VerifyExit::cannot], 100);
  EXPECT_LT(seen[VerifyExit::whole], 40);
}

}  // namespace
}  // namespace portcullis::audit
