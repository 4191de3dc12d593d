// What the audit tests share: a directory with keys, a log on a clock that stands still, and file
// systems that fail or lose power at a chosen call. Single-threaded but for the FileSystems, which
// the log's writer thread calls.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "audit/environment.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::audit {

// How far tests that go through every place of a log step: 1, but more under a sanitizer, which is
// after the kind of a place, not after each of them.
inline constexpr int places_step = PORTCULLIS_TEST_PLACES_STEP;

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);
void copy_directory(const std::string& from, const std::string& to);
// One zstd frame as the log makes them, with content size and checksum.
std::string compressed(const std::string& text);
std::vector<std::string> segment_paths(const std::string& directory);

// Keys in `keys/`, a stream in `log/`.
class Site {
 public:
  Site();
  std::string log_directory() const { return home_.path() + "/log"; }
  std::string path(const std::string& name) const { return home_.path() + '/' + name; }
  std::string stream_key_file();  // K_0 in hex, saved when the log was begun

  Result<std::unique_ptr<AuditLog>> open();
  Result<std::unique_ptr<AuditLog>> open_with(FileSystem& files);
  // open(), and the test fails if it does not.
  std::unique_ptr<AuditLog> must_open();
  VerifyReport verify() { return verify(log_directory()); }
  VerifyReport verify(const std::string& directory);

  AuditOptions options;
  FakeClock clock{std::chrono::seconds(1'790'000'000)};
  std::vector<std::string> failures;  // what on_failure was told
  std::vector<std::string> receipts;  // to be verified as well

 private:
  TemporaryDirectory home_;
};

Draft decision(Effect effect, const std::string& note = "");
Draft outcome(const std::string& id = "01999999-0000-7000-8000-000000000001");
Draft change(const std::string& note = "");
// Submits all and waits for all the answers, in their order.
std::vector<Committed> submit_all(AuditLog& log, std::vector<Draft> drafts);
std::string problems(const VerifyReport& report);

enum class Op : std::uint8_t {
  open,
  write,
  sync,
  truncate,
  rename,
  remove,
  make_directory,
  sync_directory,
  identify,
  facts,
  read,
};
inline constexpr Op all_ops[] = {
    Op::open,           Op::write,          Op::sync,     Op::truncate, Op::rename, Op::remove,
    Op::make_directory, Op::sync_directory, Op::identify, Op::facts,    Op::read};

class ForwardingFileSystem : public FileSystem {
 public:
  int open(const std::string& path, int flags) override { return real_.open(path, flags); }
  std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) override {
    return real_.write_at(file, data, offset);
  }
  std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) override {
    return real_.read_at(file, out, offset);
  }
  int sync(int file) override { return real_.sync(file); }
  int truncate(int file, std::uint64_t size) override { return real_.truncate(file, size); }
  int close(int file) override { return real_.close(file); }
  int rename(const std::string& from, const std::string& to) override {
    return real_.rename(from, to);
  }
  int remove(const std::string& path) override { return real_.remove(path); }
  int make_directory(const std::string& path) override { return real_.make_directory(path); }
  int sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  int identify(const std::string& path, FileIdentity& out) override {
    return real_.identify(path, out);
  }
  int facts(const std::string& path, FileSystemFacts& out) override {
    return real_.facts(path, out);
  }

 private:
  FileSystem& real_ = real_file_system();
};

// Fails one call of the writer's or of the archivist's thread, then works again: who retries is
// caught by changes_after().
class FaultyFileSystem final : public FileSystem {
 public:
  enum class How : std::uint8_t { fails, fails_but_persists, short_write, interrupted };
  struct Plan {
    Op op = Op::write;
    int nth = 1;
    int error = 5;
    How how = How::fails;
    enum class Whose : std::uint8_t { writer, archivist } whose = Whose::writer;
  };
  explicit FaultyFileSystem(Plan plan) : plan_(plan) {}

  int open(const std::string& path, int flags) override;
  std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) override;
  std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) override;
  int sync(int file) override;
  int truncate(int file, std::uint64_t size) override;
  int close(int file) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int make_directory(const std::string& path) override;
  int sync_directory(const std::string& path) override;
  int identify(const std::string& path, FileIdentity& out) override;
  int facts(const std::string& path, FileSystemFacts& out) override;

  bool fired() const { return fired_; }
  int changes_after() const { return changes_after_; }  // calls that change a file, after the fault
  std::atomic<std::uint64_t> free_bytes{std::uint64_t{1} << 40};

 private:
  // Carries out `call` as the plan says.
  std::int64_t perform(Op op, const std::function<std::int64_t()>& call);

  bool is_planned_cut();

  Plan plan_;
  std::mutex mutex_;
  std::map<Op, int> calls_;  // guarded by mutex_
  std::atomic<bool> fired_{false};
  std::atomic<bool> cut_{false};  // the one short call was made
  std::atomic<int> changes_after_{0};
};

// Loses power at a chosen call: it and all later ones fail without effect, and power_cut() then
// takes back what was not synced.
class MortalFileSystem final : public FileSystem {
 public:
  explicit MortalFileSystem(int dies_at) : dies_at_(dies_at) {}

  int open(const std::string& path, int flags) override;
  std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) override;
  std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) override;
  int sync(int file) override;
  int truncate(int file, std::uint64_t size) override;
  int close(int file) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int make_directory(const std::string& path) override;
  int sync_directory(const std::string& path) override;
  int identify(const std::string& path, FileIdentity& out) override;
  int facts(const std::string& path, FileSystemFacts& out) override;

  int calls() const { return calls_; }
  bool dead() const { return dies_at_ > 0 && calls_ >= dies_at_; }
  std::size_t unsynced_bytes() const;
  enum class Renames : std::uint8_t { lost, kept };
  // Of the unsynced bytes the first `kept` survive.
  void power_cut(std::size_t kept, Renames renames);

 private:
  struct Write {
    std::string path;  // at the time; follows renames
    std::uint64_t offset = 0;
    std::string before;
    std::string after;
    std::uint64_t size_before = 0;
  };
  struct Rename {
    std::string from;
    std::string to;
    std::string backup;  // of `to`; empty if it did not exist
  };
  bool alive();

  int dies_at_;
  std::atomic<int> calls_{0};
  std::map<int, std::string> open_files_;
  std::vector<Write> writes_;
  std::vector<Rename> renames_;
};

}  // namespace portcullis::audit
