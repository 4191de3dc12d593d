// Writes an audit log without pause, for flakey_disk_test.py: several callers that each ask again
// as soon as they are answered.
//
// usage: log_writer DIRECTORY KEYS [RECEIPTS]
//
// Each receipt goes to standard output, a line each, as soon as the log has given it. Goes on until
// it is killed, or closes the log after so many receipts. A log that fails is asked for another
// while whether it stays refused, then the exit status is 70.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "portcullis/audit.h"

namespace portcullis {
namespace {

constexpr int callers = 8;
constexpr std::size_t note_bytes_max = 4000;
constexpr auto asked_again_for = std::chrono::seconds(3);
constexpr auto asked_again_every = std::chrono::milliseconds(5);

// Of many sizes, so that records end anywhere in a sector.
Draft next_draft() {
  static std::uint64_t number = 0;
  ++number;
  const std::string note(number * 997 % note_bytes_max, 'x');
  return {RecordType::change, "\"number\":" + std::to_string(number) + ",\"note\":\"" + note + '"'};
}

class Callers {
 public:
  explicit Callers(AuditLog& log)
      : queue_(log.make_queue([this] {
          const std::lock_guard lock(mutex_);
          woken_ = true;
          wakes_.notify_one();
        })) {}

  // Whether there were so many receipts before the first refusal.
  bool run(std::uint64_t receipts) {
    for (int i = 0; i < callers; ++i) ask();
    for (std::uint64_t given = 0; given < receipts || waiting_ > 0;) {
      const Answers answers = wait();
      given += answers.receipts;
      if (answers.refusals > 0) return false;
      for (std::uint64_t i = 0; i < answers.receipts && given < receipts; ++i) ask();
    }
    return true;
  }

  // Whether nothing is acknowledged any more, though the callers go on.
  bool stays_refused() {
    const auto end = std::chrono::steady_clock::now() + asked_again_for;
    while (std::chrono::steady_clock::now() < end) {
      ask();
      if (wait().receipts > 0) return false;
      std::this_thread::sleep_for(asked_again_every);
    }
    return true;
  }

 private:
  struct Answers {
    std::uint64_t receipts = 0;
    std::uint64_t refusals = 0;
  };

  void ask() {
    ++waiting_;
    queue_->submit(next_draft(), 0);
  }

  Answers wait() {
    std::unique_lock lock(mutex_);
    wakes_.wait(lock, [this] { return woken_; });
    woken_ = false;
    lock.unlock();
    Answers answers;
    std::string lines;
    for (const Committed& answer : queue_->take()) {
      --waiting_;
      ++(answer.receipt ? answers.receipts : answers.refusals);
      if (answer.receipt) lines += answer.receipt->text() + '\n';
    }
    std::fwrite(lines.data(), 1, lines.size(), stdout);
    std::fflush(stdout);
    return answers;
  }

  std::mutex mutex_;
  std::condition_variable wakes_;
  bool woken_ = false;
  std::uint64_t waiting_ = 0;
  std::unique_ptr<CommitQueue> queue_;
};

int say(const std::string& what, int status) {
  std::fprintf(stderr, "log_writer: %s\n", what.c_str());
  return status;
}

AuditOptions options_of(const std::string& directory, const std::string& keys) {
  AuditOptions options;
  options.directory = directory;
  options.signing_key_file = keys + "/signing.pem";
  options.escrow_public_key_file = keys + "/escrow.pub";
  options.evidence_key_file = keys + "/evidence.key";
  options.segment_bytes_max = 1u << 20;  // so that the switch meets rolls too
  options.compress_sealed = true;
  options.reserve_bytes_min = 1u << 20;
  return options;
}

int run(int argc, char** argv) {
  if (argc < 3 || argc > 4) return 64;
  auto log = AuditLog::open(options_of(argv[1], argv[2]),
                            [](const Error& error) { say("poisoned: " + error.message, 0); });
  if (!log) return say(log.error().message, 1);
  Callers asking(**log);
  if (asking.run(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : UINT64_MAX)) {
    const auto closed = (*log)->close();
    return closed ? 0 : say(closed.error().message, 1);
  }
  if (!asking.stays_refused()) return say("a receipt after a refusal", 1);
  return say("stayed refused", 70);
}

}  // namespace
}  // namespace portcullis

int main(int argc, char** argv) { return portcullis::run(argc, argv); }
