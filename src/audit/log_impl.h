// The inside of an AuditLog: the writer thread and what it shares with the others.
//
// Confined to the writer thread, but for the members that say otherwise.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "audit/archivist.h"
#include "audit/environment.h"
#include "audit/host.h"
#include "audit/inbox.h"
#include "audit/writer.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace audit {

// Who waits for a checkpoint. Safe from any thread.
class CheckpointRequests {
 public:
  using Answer = std::promise<Result<SignedCheckpoint>>;
  // nullopt: the log is closed.
  std::optional<std::future<Result<SignedCheckpoint>>> add();
  std::vector<Answer> take();
  std::vector<Answer> close();  // and none is added any more

 private:
  std::mutex mutex_;
  std::vector<Answer> waiting_;  // guarded by mutex_
  bool closed_ = false;          // guarded by mutex_
};

}  // namespace audit

struct AuditLog::Impl {
  using Batch = std::span<audit::Pending>;

  Impl(AuditOptions given, audit::HostLock held, const audit::Environment& outside,
       std::unique_ptr<audit::Writer> started);

  void start();  // the thread
  Result<void> close();

  void run();
  void commit_all(std::vector<audit::Pending>& drained);
  Result<void> commit_batch(Batch batch);
  void deliver(Batch batch, std::span<const audit::Placed> placed);
  void refuse(Batch batch);
  void refuse_decisions(std::vector<audit::Pending>& drained);
  void keep_house(std::vector<audit::Pending>& drained);
  void check_space();
  void report_dropped(std::vector<audit::Pending>& drained);
  void answer_checkpoints(std::vector<audit::CheckpointRequests::Answer> waiting);
  void finish();
  void poison(const Error& error);

  const AuditOptions options;
  const audit::HostLock lock;
  const audit::Environment environment;
  std::unique_ptr<audit::Writer> writer;
  const std::string stream;
  Digest evidence{};                             // constant once the log is open
  std::function<void(const Error&)> on_failure;  // constant once the log is open
  const std::shared_ptr<audit::Inbox> inbox;     // safe from any thread
  audit::CheckpointRequests checkpoints;         // safe from any thread
  std::atomic<bool> poisoned{false};             // written by the writer thread
  std::atomic<bool> space{true};                 // written by the writer thread
  std::optional<MonotonicNanos> house_kept;      // when, last
  std::vector<Draft> drafts;                     // the batch in hand
  std::vector<audit::Answers*> answered;         // whom the batch in hand owes a wake
  audit::Archivist archivist;                    // safe from any thread
  Result<void> end;                              // anybody's once the thread is joined
  std::thread thread;                            // joined by close()
  std::once_flag closed;
};

}  // namespace portcullis
