#include "audit/keys.h"

#include <cerrno>
#include <filesystem>

#include "audit/support.h"

namespace portcullis::audit {
namespace {

StreamKey key_of(std::uint64_t epoch) {
  StreamKey key;
  key.stream.fill(9);
  key.key.epoch = epoch;
  key.key.key.fill(static_cast<std::uint8_t>(epoch + 1));
  return key;
}

TEST(StreamKeys, LoadsWhatItStored) {
  TemporaryDirectory home;
  EXPECT_EQ(load_stream_key(home.path()).error().cause, Cause::not_found);
  for (const std::uint64_t epoch : {std::uint64_t{0}, std::uint64_t{1}, integer_max}) {
    ASSERT_TRUE(store_stream_key(real_file_system(), home.path(), key_of(epoch)).has_value());
    const auto key = load_stream_key(home.path());
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->stream, key_of(epoch).stream);
    EXPECT_EQ(key->key.epoch, epoch);
    EXPECT_EQ(key->key.key, key_of(epoch).key.key);
  }
}

TEST(StreamKeys, TheOldKeyIsOverwrittenInItsOwnFile) {
  TemporaryDirectory home;
  ASSERT_TRUE(store_stream_key(real_file_system(), home.path(), key_of(0)).has_value());
  std::filesystem::create_hard_link(home.path() + "/key", home.path() + "/old");
  const std::string old = read_text(home.path() + "/old");
  ASSERT_TRUE(store_stream_key(real_file_system(), home.path(), key_of(1)).has_value());
  EXPECT_EQ(read_text(home.path() + "/old"), std::string(old.size(), '\0'));
}

// After a failure at any call, the old key or the new one is there.
TEST(StreamKeys, AFailedReplacementLosesNoKey) {
  for (const Op op : all_ops) {
    for (int nth = 1; nth < 10; ++nth) {
      TemporaryDirectory home;
      ASSERT_TRUE(store_stream_key(real_file_system(), home.path(), key_of(0)).has_value());
      FaultyFileSystem files({op, nth, EIO, FaultyFileSystem::How::fails});
      const bool stored = store_stream_key(files, home.path(), key_of(1)).has_value();
      EXPECT_EQ(stored, !files.fired());
      const auto key = load_stream_key(home.path());
      ASSERT_TRUE(key.has_value()) << static_cast<int>(op) << ' ' << nth;
      EXPECT_LE(key->key.epoch, 1u);
      EXPECT_TRUE(!stored || key->key.epoch == 1);
      if (!files.fired()) break;
    }
  }
}

TEST(StreamKeys, RefusesAnotherForm) {
  TemporaryDirectory home;
  ASSERT_TRUE(store_stream_key(real_file_system(), home.path(), key_of(7)).has_value());
  const std::string path = home.path() + "/key";
  const std::string good = read_text(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    write_text(path, good.substr(0, at));
    EXPECT_EQ(load_stream_key(home.path()).error().cause, Cause::invalid) << at;
  }
  write_text(path, good);
  std::filesystem::permissions(path, std::filesystem::perms(0644));
  EXPECT_EQ(load_stream_key(home.path()).error().cause, Cause::untrusted);
}

}  // namespace
}  // namespace portcullis::audit
