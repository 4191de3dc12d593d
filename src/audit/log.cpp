#include <condition_variable>
#include <mutex>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/host.h"
#include "audit/log_impl.h"
#include "audit/start.h"
#include "base/log.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

constexpr std::size_t record_bytes_min = 4096;  // what a configuration may set at least

Result<void> check_options(const AuditOptions& options) {
  if (!audit::is_deployment_name(options.deployment)) {
    return failure(Cause::invalid, "audit.deployment must match [A-Za-z0-9._-]{1,64}");
  }
  if (options.record_bytes_max < record_bytes_min ||
      options.record_bytes_max > audit::record_bytes_max) {
    return failure(Cause::invalid, "audit.record_bytes_max must be from 4096 to 1048576");
  }
  return {};
}

}  // namespace

struct CommitQueue::State {
  std::shared_ptr<audit::Inbox> inbox;
  std::shared_ptr<audit::Answers> answers;
};

Result<std::unique_ptr<AuditLog>> AuditLog::open(const AuditOptions& options,
                                                 std::function<void(const Error&)> on_failure) {
  static const RealClock clock;
  return open(options, std::move(on_failure), {audit::real_file_system(), clock});
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const AuditOptions& options,
                                                 std::function<void(const Error&)> on_failure,
                                                 const audit::Environment& environment) {
  auto good = check_options(options).and_then([&] {
    return audit::check_file_system(environment.files, options.directory, options.allow_filesystem);
  });
  if (!good) return tl::unexpected(good.error());
  auto secrets = audit::load_secrets(options);
  if (!secrets) return tl::unexpected(secrets.error());
  const Digest evidence = secrets->evidence;
  auto lock = audit::HostLock::acquire(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  auto writer = audit::start_writer(options, *std::move(secrets), environment);
  if (!writer) return tl::unexpected(writer.error());
  auto impl = std::make_unique<Impl>(options, *std::move(lock), environment, *std::move(writer));
  impl->evidence = evidence;
  impl->on_failure = std::move(on_failure);
  impl->start();
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(impl)));
}

AuditLog::AuditLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AuditLog::~AuditLog() {
  if (auto closed = impl_->close(); !closed) {
    log::error("audit: not closed properly: " + closed.error().message);
  }
  wipe(impl_->evidence);
}

Result<void> AuditLog::close() { return impl_->close(); }
bool AuditLog::healthy() const { return !impl_->poisoned && impl_->space; }
std::string AuditLog::stream() const { return impl_->stream; }
const Digest& AuditLog::evidence_key() const { return impl_->evidence; }

std::unique_ptr<CommitQueue> AuditLog::make_queue(std::function<void()> wake) {
  auto answers = std::make_shared<audit::Answers>(std::move(wake));
  return std::unique_ptr<CommitQueue>(new CommitQueue(
      std::make_shared<CommitQueue::State>(CommitQueue::State{impl_->inbox, std::move(answers)})));
}

Result<Receipt> AuditLog::commit(Draft draft) {
  std::mutex mutex;
  std::condition_variable woken;
  bool done = false;
  const auto queue = make_queue([&] {
    const std::lock_guard guard(mutex);
    done = true;
    woken.notify_one();
  });
  queue->submit(std::move(draft), 0);
  std::unique_lock guard(mutex);
  woken.wait(guard, [&] { return done; });
  guard.unlock();
  for (const Committed& answer : queue->take()) {
    if (answer.receipt && answer.failure == Reason::none) return *answer.receipt;
    return failure(Cause::io, "not recorded: " + std::string(reason_code(answer.failure)));
  }
  return failure(Cause::internal, "the audit log woke without an answer");
}

Result<SignedCheckpoint> AuditLog::checkpoint_now() {
  auto answer = impl_->checkpoints.add();
  if (!answer) return failure(Cause::io, "the audit log is closed");
  impl_->inbox->nudge();
  return answer->get();
}

CommitQueue::CommitQueue(std::shared_ptr<State> state) : state_(std::move(state)) {}
CommitQueue::~CommitQueue() { state_->answers->detach(); }

void CommitQueue::submit(Draft draft, std::uint64_t ticket) {
  submit_quietly(std::move(draft), ticket);
  wake_writer();
}

void CommitQueue::submit_quietly(Draft draft, std::uint64_t ticket) {
  if (state_->inbox->put({std::move(draft), ticket, state_->answers})) return;
  state_->answers->refuse(ticket, Reason::audit_unavailable);
}

void CommitQueue::wake_writer() { state_->inbox->wake(); }

void CommitQueue::submit_unawaited(Draft draft) {
  if (!state_->inbox->put({std::move(draft), 0, nullptr})) return state_->inbox->count_dropped();
  wake_writer();
}

std::vector<Committed> CommitQueue::take() { return state_->answers->take(); }

}  // namespace portcullis
