// Has the log's checkpoints anchored outside the host, every so often while records arrive.
//
// A thread and an io_context of its own, so that neither requests nor the housekeeping wait for a
// disk or a party outside. Each target is isolated from the others. Nothing here is ever fatal: a
// failure is logged, counted and tried again with growing pauses. start() once, finish() once, both
// on one thread; status() from any thread. What the targets and the log refer to must outlive the
// keeper.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/asio.h"
#include "portcullis/audit.h"

namespace portcullis {

// What the keeper needs of the log. The functions may block; they are called on its thread only.
struct AnchorLog {
  std::function<Result<SignedCheckpoint>()> checkpoint;  // records the note, too
  std::function<Result<Receipt>(Draft)> commit;
  std::function<std::uint64_t()> size;  // of the newest signed note; may be a second old
};

struct AnchorTarget {
  std::string name;
  std::chrono::seconds every{600};
  // The record to commit; Cause::stale: the log was rolled back or forked.
  std::function<Task<Result<Draft>>(const SignedCheckpoint& checkpoint)> ask;
};

struct AnchorStatus {
  std::string name;
  std::uint64_t good = 0;
  std::uint64_t failed = 0;
  std::optional<std::chrono::seconds> age;  // since the last good one
};

class AnchorKeeper {
 public:
  AnchorKeeper(AnchorLog log, std::vector<AnchorTarget> targets);
  ~AnchorKeeper();  // without a last anchor, unless finish() came before

  void start();
  // Anchors what is not anchored yet, waits for it for a bounded time, and ends.
  void finish();
  std::vector<AnchorStatus> status() const;

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct State;  // of one target

  Task<void> keep(State& state);
  Task<void> anchor(State& state);
  void failed(State& state, const Error& error);
  Result<SignedCheckpoint> newest_note();
  std::int64_t records_of_others() const;
  bool has_news(const State& state) const;
  void join();

  AnchorLog log_;
  asio::io_context io_{1};
  std::vector<std::unique_ptr<State>> states_;
  std::thread thread_;
  std::future<void> ended_;  // when no target is kept any more

  // The keeper's thread's.
  bool finishing_ = false;
  bool finished_note_ = false;            // the note over all records was asked for
  std::int64_t own_records_ = 0;          // checkpoints and anchors that the keeper had written
  std::optional<SignedCheckpoint> note_;  // the newest that was taken
  std::int64_t note_others_ = 0;          // records of others that it covers
};

}  // namespace portcullis
