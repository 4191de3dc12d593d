// One worker thread's world: its io_context, connections, pools, scanner, token cache and door to
// the log.
//
// Confined to its own thread, except where a function says otherwise. A connection never leaves its
// worker, so nothing on the request's path is locked. Lifetimes: AuditLog, ComputePool and
// KeyKeeper outlive the workers; Clients register while they live.
#pragma once

#include <atomic>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "enforce/ruling.h"
#include "net/connection_counts.h"
#include "net/memory_budget.h"
#include "net/source_limits.h"
#include "net/transport.h"
#include "net/upstream_pool.h"
#include "portcullis/audit.h"

namespace portcullis {

class ClientWatch;
class ComputePool;
class KeyKeeper;

// Counters for operators; written by workers, read by the admin endpoint.
struct Metrics {
  std::atomic<std::uint64_t> connections{0};  // open now
  std::atomic<std::uint64_t> allowed{0};
  std::atomic<std::uint64_t> denied{0};
  std::atomic<std::uint64_t> shed{0};
  std::atomic<std::uint64_t> upstream_failures{0};
};

// What all workers share.
struct Shared {
  AuditLog& log;
  const EvidenceKey& evidence;
  ComputePool& compute;
  KeyKeeper& keys;
  Metrics& metrics;
  MemoryBudget& memory;
};

class Worker {
 public:
  Worker(const Shared& shared, std::shared_ptr<const Snapshot> snapshot);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& io() { return *io_; }
  const Shared& shared() const { return shared_; }
  const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }
  Scanner& scanner() { return scanner_; }
  TokenCache& tokens() { return tokens_; }
  SourceLimits& limits() { return limits_; }
  ConnectionCounts& open() { return open_; }
  UpstreamPool& pool(const UpstreamSection& upstream) { return *pools_.at(upstream.name); }

  // From any thread: uses this snapshot for every request that starts from now on.
  void adopt(std::shared_ptr<const Snapshot> snapshot);

  // Durable, or a Committed without a receipt. Waits at most limits.commit_timeout.
  Task<Committed> commit(Draft draft);
  // Recorded soon; nobody waits.
  void note(Draft draft) { queue_->submit_unawaited(std::move(draft)); }

  // Judges here, or for a large body on the compute pool, at most limits.classify_timeout.
  Task<void> judge(const Inquiry& inquiry, std::string body, Ruling& ruling);
  // Asks for fresh keys of an issuer and waits until they are there, or are known not to come. The
  // inquiry then has the newest snapshot.
  Task<void> refresh_keys(Inquiry& inquiry, std::string_view token);

  // Client connections, so that draining can reach them. `idle`: between two requests; `used`: a
  // request was answered.
  struct Connection {
    Transport* transport = nullptr;
    bool idle = true;
    bool used = false;
    ClientWatch* watch = nullptr;  // while an upstream works for it
  };
  void enter(Connection& connection) { connections_.insert(&connection); }
  void leave(Connection& connection) { connections_.erase(&connection); }
  bool is_draining() const { return draining_; }
  // On the worker's thread: closes idle connections, those that were never used a moment later (for
  // the first request may be on its way), and lets the others finish their exchange.
  void drain();
  // On the worker's thread: closes every connection.
  void cut();

 private:
  void hand_over(Draft draft, std::uint64_t ticket);
  void wake_writer();
  void take_commits();
  Task<void> flush_shed_counts();
  Task<void> look_after_exchanges();
  void give_up_late_commits();
  Task<void> close_unused();

  Shared shared_;
  // Destroyed first, by hand: what waits in it refers to the members below.
  std::unique_ptr<asio::io_context> io_;
  std::shared_ptr<const Snapshot> snapshot_;
  Scanner scanner_;
  TokenCache tokens_;
  SourceLimits limits_;
  ConnectionCounts open_;                                       // accepted, handshakes among them
  std::map<std::string, std::unique_ptr<UpstreamPool>> pools_;  // of every upstream, by its name
  std::unique_ptr<CommitQueue> queue_;
  // An exchange that waits for the log. Owns the exchange's coroutine.
  struct AwaitedCommit {
    asio::any_completion_handler<void()> resume;
    std::optional<Committed>* answer;  // in the coroutine
    std::chrono::steady_clock::time_point due;
  };
  std::unordered_map<std::uint64_t, AwaitedCommit> commits_;  // by ticket
  std::uint64_t next_ticket_ = 1;
  std::size_t unannounced_ = 0;  // records since the writer was last woken
  std::unordered_set<Connection*> connections_;
  bool draining_ = false;
};

}  // namespace portcullis
