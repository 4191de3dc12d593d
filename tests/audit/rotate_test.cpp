// Streams that end so that others take their place: rotated keys, restored backups.
#include "audit/rotate.h"

#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "audit/checkpoint.h"
#include "audit/input.h"
#include "audit/support.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;

// A stream with a clean segment and one that a crash left open.
StreamId fill(Site& site) {
  {
    auto log = site.must_open();
    EXPECT_TRUE(log->commit(change()).has_value());
  }
  auto log = site.must_open();
  const auto receipt = log->commit(change());
  EXPECT_TRUE(receipt.has_value());
  copy_directory(site.log_directory(), site.path("crashed"));
  log.reset();
  copy_directory(site.path("crashed"), site.log_directory());
  return receipt->stream;
}

nlohmann::json genesis_of(const std::string& directory) {
  const std::string text = read_text(segment_paths(directory).at(0));
  return nlohmann::json::parse(text.substr(0, text.find('\n'))).at("genesis");
}

VerifyReport verify(const std::string& directory, const std::string& public_key) {
  VerifyOptions options;
  options.directories = {directory};
  options.public_key_file = public_key;
  return verify_log(options);
}

std::string retired(Site& site, const StreamId& stream) {
  return site.log_directory() + "/retired/" + hex(stream);
}

// The old stream is whole under the old key, the new one names it.
void expect_rotated(Site& site, const StreamId& stream, const std::string& old_pem) {
  const PublicKey old_key = SigningKey::from_pem(old_pem)->public_key();
  const std::string old_public = site.path("signing-" + hex(old_key).substr(0, 16) + ".pub");
  const auto new_key = load_signing_key(site.path("signing.pem"));
  ASSERT_TRUE(new_key.has_value()) << new_key.error().message;
  EXPECT_NE(new_key->public_key(), old_key);
  EXPECT_EQ(*load_public_key(site.path("signing.pub")), new_key->public_key());
  EXPECT_EQ(*load_public_key(old_public), old_key);
  for (const auto& entry : fs::recursive_directory_iterator(site.path(""))) {
    if (!entry.is_regular_file() || entry.path().string().starts_with(site.path("crashed")))
      continue;
    EXPECT_EQ(read_text(entry.path()).find(old_pem.substr(40, 40)), std::string::npos) << entry;
    EXPECT_EQ(entry.path().string().find(".next"), std::string::npos) << entry;
  }
  const VerifyReport old_report = verify(retired(site, stream), old_public);
  EXPECT_EQ(old_report.exit, VerifyExit::unanchored) << problems(old_report);
  EXPECT_TRUE(old_report.streams.at(0).sealed);
  const std::string last = read_text(segment_paths(retired(site, stream)).back());
  EXPECT_NE(last.find("\"what\":\"keys\",\"who\":\"unknown\",\"successor\":\"" +
                      hex(new_key->public_key()) + '"'),
            std::string::npos);
  EXPECT_FALSE(fs::exists(site.log_directory() + "/key"));

  auto log = site.must_open();
  ASSERT_TRUE(log->commit(change()).has_value());
  ASSERT_TRUE(log->close().has_value());
  EXPECT_FALSE(fs::exists(site.log_directory() + "/predecessor"));
  EXPECT_NE(log->stream(), hex(stream));
  const auto predecessor = genesis_of(site.log_directory()).at("predecessor");
  EXPECT_EQ(predecessor.at("public_key"), hex(old_key));
  EXPECT_EQ(predecessor.at("reason"), "rotated");
  const auto note = open_checkpoint(predecessor.at("note").get<std::string>(), old_key);
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->size, old_report.records);
  EXPECT_EQ(predecessor.at("note"), read_text(retired(site, stream) + "/checkpoint"));
  const VerifyReport report = verify(site.log_directory(), site.path("signing.pub"));
  EXPECT_EQ(report.exit, VerifyExit::unanchored) << problems(report);
}

TEST(Rotate, RetiresTheStreamAndPutsANewKeyInPlace) {
  Site site;
  const StreamId stream = fill(site);
  const std::string old_pem = read_text(site.path("signing.pem"));
  fs::create_hard_link(site.path("signing.pem"), site.path("old-inode"));
  const auto rotation = rotate_keys(site.options);
  ASSERT_TRUE(rotation.has_value()) << rotation.error().message;
  EXPECT_EQ(rotation->retired, stream);
  EXPECT_EQ(read_text(site.path("old-inode")), std::string(old_pem.size(), '\0'));
  struct stat facts {};
  ASSERT_EQ(::stat(site.path("signing.pem").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  expect_rotated(site, stream, old_pem);
}

TEST(Rotate, AgainAndAgain) {
  Site site;
  for (int i = 0; i < 3; ++i) {
    {
      auto log = site.must_open();
      ASSERT_TRUE(log->commit(change()).has_value());
    }
    ASSERT_TRUE(rotate_keys(site.options).has_value());
    const auto idle = rotate_keys(site.options);
    ASSERT_FALSE(idle.has_value()) << "nothing was signed since";
    EXPECT_EQ(idle.error().cause, Cause::not_found);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(site.log_directory() + "/retired"), {}), 3);
}

TEST(Rotate, IsRefusedWhileTheLogIsOpen) {
  Site site;
  auto log = site.must_open();
  const auto refused = rotate_keys(site.options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().cause, Cause::exists);
  EXPECT_TRUE(log->commit(change()).has_value());
}

// Every call of every kind fails once; the second try brings it to an end. In between, a daemon
// either continues the old stream whole, or refuses.
TEST(Rotate, IsFinishedByRunningItAgain) {
  for (const Op op : all_ops) {
    if (op == Op::facts || op == Op::read) continue;
    for (const bool daemon_between : {false, true}) {
      int nth = 1;
      for (;; ++nth) {
        SCOPED_TRACE("operation " + std::to_string(static_cast<int>(op)) + " call " +
                     std::to_string(nth));
        Site site;
        const StreamId stream = fill(site);
        const std::string old_pem = read_text(site.path("signing.pem"));
        FaultyFileSystem files({op, nth, 5, FaultyFileSystem::How::fails});
        const auto tried = rotate_keys(site.options, {files, site.clock});
        ASSERT_EQ(tried.has_value(), !files.fired());
        if (!files.fired()) break;
        if (daemon_between) {
          const bool in_place = read_text(site.path("signing.pem")) != old_pem;
          const auto log = site.open();
          if (log) ASSERT_EQ((*log)->stream() != hex(stream), in_place);
          if (log && in_place) continue;  // all was done but for the word that it is
        }
        const auto again = rotate_keys(site.options);
        const bool was_done = !again && again.error().cause == Cause::not_found;
        ASSERT_TRUE(again || was_done) << again.error().message;
        expect_rotated(site, stream, old_pem);
        if (HasFailure()) return;
      }
      EXPECT_GT(nth, 1);
    }
  }
}

TEST(Retire, ARestoredStreamGetsNoNewSignature) {
  Site site;
  const StreamId stream = fill(site);
  const std::string note = read_text(site.log_directory() + "/checkpoint");
  const auto done = retire_stream(site.options, {Succession::restored, std::nullopt});
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, stream);
  EXPECT_EQ(read_text(retired(site, stream) + "/checkpoint"), note);
  EXPECT_TRUE(verify(retired(site, stream), site.path("signing.pub")).streams.at(0).sealed);
  ASSERT_TRUE(retire_stream(site.options, {Succession::restored, std::nullopt}).has_value());
  {
    auto log = site.must_open();
    ASSERT_TRUE(log->commit(change()).has_value());
  }
  const auto predecessor = genesis_of(site.log_directory()).at("predecessor");
  EXPECT_EQ(predecessor.at("note"), note);
  EXPECT_EQ(predecessor.at("reason"), "restored");
}

TEST(Retire, AnInterruptedRestoreIsFinishedByTheNextStart) {
  for (int nth = 1; nth <= 3; ++nth) {
    Site site;
    const StreamId stream = fill(site);
    const auto lock = HostLock::acquire(site.log_directory());
    FaultyFileSystem files({Op::rename, nth + 2, 5, FaultyFileSystem::How::fails});
    (void)retire_stream(site.options, {}, {files, site.clock}, *lock);
    { const HostLock released = std::move(const_cast<HostLock&>(*lock)); }
    ASSERT_TRUE(files.fired());
    ASSERT_TRUE(fs::exists(site.log_directory() + "/predecessor"));
    auto log = site.must_open();
    EXPECT_NE(log->stream(), hex(stream));
    ASSERT_TRUE(log->close().has_value());
    EXPECT_EQ(verify(retired(site, stream), site.path("signing.pub")).fault_count, 0u);
  }
}

TEST(Retire, NothingIsNotFound) {
  Site site;
  const auto none = retire_stream(site.options, {});
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().cause, Cause::not_found);
}

TEST(Predecessor, RefusesWhatItsKeyDidNotSign) {
  Site site;
  write_text(site.log_directory() + "/predecessor", "{}");
  EXPECT_FALSE(site.open().has_value());
  const std::string note =
      sign_checkpoint({"x/" + std::string(32, 'a'), 1, {}}, SigningKey::generate());
  Predecessor predecessor{SigningKey::generate().public_key(), note, Succession::restored};
  write_text(site.log_directory() + "/predecessor", to_json(predecessor));
  const auto refused = site.open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().cause, Cause::untrusted);
}

TEST(Genesis, NamesTheApprover) {
  Site site;
  const PublicKey approver = SigningKey::generate().public_key();
  write_text(site.path("approver.pub"), *public_key_pem(approver));
  site.options.approver_key_file = site.path("approver.pub");
  { auto log = site.must_open(); }
  const auto genesis = genesis_of(site.log_directory());
  EXPECT_EQ(genesis.at("approver"), hex(approver));
  EXPECT_FALSE(genesis.contains("predecessor"));
  fs::remove(site.path("approver.pub"));
  EXPECT_FALSE(site.open().has_value());
  site.options.approver_key_file.clear();
  { auto log = site.must_open(); }
  EXPECT_EQ(site.verify().exit, VerifyExit::unanchored) << problems(site.verify());
}

}  // namespace
}  // namespace portcullis::audit
