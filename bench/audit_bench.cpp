// What the audit log costs: records appended a second where a sync is free, and group commit and
// its latency on a disk, against what the disk's own fdatasync takes in the same run.
//
//   audit_bench append DIRECTORY     e.g. /dev/shm
//   audit_bench commit DIRECTORY     on a disk
//
// Needs RSA and Ed25519 keys, which it makes below DIRECTORY and removes again.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "audit/environment.h"
#include "audit/keystore.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr std::size_t record_bytes = 1024;
constexpr std::size_t head_and_suffix_bytes = 430;
constexpr auto run_time = std::chrono::seconds(2);

class CountingFileSystem final : public audit::FileSystem {
 public:
  int open(const std::string& path, int flags) override { return real_.open(path, flags); }
  std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) override {
    return real_.write_at(file, data, offset);
  }
  std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) override {
    return real_.read_at(file, out, offset);
  }
  int sync(int file) override {
    ++syncs;
    return real_.sync(file);
  }
  int truncate(int file, std::uint64_t size) override { return real_.truncate(file, size); }
  int close(int file) override { return real_.close(file); }
  int rename(const std::string& from, const std::string& to) override {
    return real_.rename(from, to);
  }
  int remove(const std::string& path) override { return real_.remove(path); }
  int make_directory(const std::string& path) override { return real_.make_directory(path); }
  int sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  int identify(const std::string& path, audit::FileIdentity& out) override {
    return real_.identify(path, out);
  }
  int facts(const std::string& path, audit::FileSystemFacts& out) override {
    return real_.facts(path, out);
  }
  std::atomic<std::uint64_t> syncs{0};

 private:
  audit::FileSystem& real_ = audit::real_file_system();
};

// A directory with keys and an empty log in it.
class Place {
 public:
  explicit Place(const std::string& parent) : path_(parent + "/audit_bench-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    std::filesystem::create_directory(path_ + "/log");
    if (!audit::init_keys(path_ + "/keys", audit::EscrowPair::generate)) std::abort();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { std::filesystem::remove_all(path_); }

  std::unique_ptr<AuditLog> open(audit::FileSystem& files) const {
    static const RealClock clock;
    AuditOptions options;
    options.directory = path_ + "/log";
    options.signing_key_file = path_ + "/keys/signing.pem";
    options.escrow_public_key_file = path_ + "/keys/escrow.pub";
    options.evidence_key_file = path_ + "/keys/evidence.key";
    options.allow_filesystem = {"tmpfs", "overlay"};
    auto log = AuditLog::open(options, {}, {files, clock});
    if (!log) {
      std::fprintf(stderr, "%s\n", log.error().message.c_str());
      std::exit(1);
    }
    return *std::move(log);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Draft record() {
  static const std::string members =
      "\"note\":\"" + std::string(record_bytes - head_and_suffix_bytes - 9, 'x') + '"';
  return {RecordType::change, members};
}

// So many callers that each wait for their answer before they ask again, on one thread, which hands
// over what one wake brought together, as a worker does.
class Callers {
 public:
  Callers(AuditLog& log, std::size_t count)
      : started_(count), queue_(log.make_queue([this] {
          const std::lock_guard lock(mutex_);
          woken_ = true;
          wakes_.notify_one();
        })) {}

  void run(SteadyClock::time_point end) {
    for (std::size_t i = 0; i < started_.size(); ++i) ask(i);
    for (std::size_t waiting = started_.size(); waiting > 0;) {
      queue_->wake_writer();
      std::unique_lock lock(mutex_);
      wakes_.wait(lock, [&] { return woken_; });
      woken_ = false;
      lock.unlock();
      const auto answers = queue_->take();
      const auto now = SteadyClock::now();
      for (const Committed& answer : answers) {
        if (!answer.receipt) std::abort();
        latencies.push_back(Micros(now - started_[answer.ticket]).count());
        if (now < end) {
          ask(answer.ticket);
        } else {
          --waiting;
        }
      }
    }
  }
  std::vector<double> latencies;

 private:
  void ask(std::uint64_t ticket) {
    started_[ticket] = SteadyClock::now();
    queue_->submit_quietly(record(), ticket);
  }

  std::mutex mutex_;
  std::condition_variable wakes_;
  bool woken_ = false;
  std::vector<SteadyClock::time_point> started_;
  std::unique_ptr<CommitQueue> queue_;
};

double percentile(std::vector<double>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

struct Load {
  std::size_t records = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::uint64_t syncs = 0;
  std::vector<double> latencies;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Load run(const Place& place, std::size_t callers) {
  CountingFileSystem files;
  const auto log = place.open(files);
  Callers all(*log, callers);
  const double cpu_before = cpu_seconds();
  const std::uint64_t syncs_before = files.syncs;
  const auto begin = SteadyClock::now();
  all.run(begin + run_time);
  Load load;
  load.seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  load.cpu_seconds = cpu_seconds() - cpu_before;
  load.syncs = files.syncs - syncs_before;
  load.records = all.latencies.size();
  load.latencies = std::move(all.latencies);
  return load;
}

// Latencies of the disk itself: as many bytes as a batch has, into space that was written before.
std::vector<double> sync_latencies(const Place& place, std::size_t bytes) {
  constexpr std::size_t file_bytes = 16u << 20;
  const std::string path = place.path() + "/probe";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  const std::string zeros(file_bytes, '\0');
  const std::string batch(bytes, 'x');
  if (file < 0 || ::pwrite(file, zeros.data(), zeros.size(), 0) < 0 || ::fsync(file) != 0) {
    std::abort();
  }
  std::vector<double> latencies;
  const auto end = SteadyClock::now() + run_time;
  std::size_t at = 0;
  for (auto begin = SteadyClock::now(); begin < end; begin = SteadyClock::now()) {
    if (::pwrite(file, batch.data(), batch.size(), static_cast<off_t>(at)) < 0) std::abort();
    if (::fdatasync(file) != 0) std::abort();
    latencies.push_back(Micros(SteadyClock::now() - begin).count());
    at = (at + bytes) % (file_bytes - bytes);
  }
  ::close(file);
  return latencies;
}

void append(const std::string& directory) {
  const Place place(directory);
  const Load load = run(place, 2048);
  const auto records = static_cast<double>(load.records);
  std::printf("append: %.0f records/s of 1 KiB, %.2f us CPU a record (writer and callers)\n",
              records / load.seconds, load.cpu_seconds * 1e6 / records);
}

// The log and the bare disk take turns: what else the machine does then falls on both.
void commit(const std::string& directory) {
  const Place place(directory);
  Load all;
  std::vector<double> disk;
  for (int round = 0; round < 4; ++round) {
    const Load load = run(place, 64);
    const auto batch = static_cast<std::size_t>(load.records / load.syncs);
    const auto own = sync_latencies(place, batch * record_bytes);
    all.records += load.records;
    all.seconds += load.seconds;
    all.cpu_seconds += load.cpu_seconds;
    all.syncs += load.syncs;
    all.latencies.insert(all.latencies.end(), load.latencies.begin(), load.latencies.end());
    disk.insert(disk.end(), own.begin(), own.end());
  }
  const auto records = static_cast<double>(all.records);
  std::printf("commit: %.0f records/s, %.1f records an fdatasync, %.2f us CPU a record\n",
              records / all.seconds, records / static_cast<double>(all.syncs),
              all.cpu_seconds * 1e6 / records);
  std::printf("          P50       P99     P99.9 us\n");
  for (const auto& [name, share] : {std::pair{"log ", &all.latencies}, std::pair{"disk", &disk}}) {
    std::printf("%s %8.0f  %8.0f  %8.0f\n", name, percentile(*share, 0.5), percentile(*share, 0.99),
                percentile(*share, 0.999));
  }
  std::printf("P99 is %.2f times the disk's\n",
              percentile(all.latencies, 0.99) / percentile(disk, 0.99));
}

}  // namespace
}  // namespace portcullis

int main(int count, char** arguments) {
  if (count == 3 && std::strcmp(arguments[1], "append") == 0) {
    portcullis::append(arguments[2]);
  } else if (count == 3 && std::strcmp(arguments[1], "commit") == 0) {
    portcullis::commit(arguments[2]);
  } else {
    std::fprintf(stderr, "audit_bench append|commit DIRECTORY\n");
    return 64;
  }
  return 0;
}
