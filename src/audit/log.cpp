#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/host.h"
#include "audit/inbox.h"
#include "audit/input.h"
#include "audit/writer.h"
#include "base/encoding.h"
#include "base/log.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

constexpr std::size_t batch_bytes_max = 4u << 20;
constexpr std::size_t record_bytes_min = 4096;  // what a configuration may set at least
constexpr std::chrono::milliseconds housekeeping_every{1000};

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

struct Secrets {
  SigningKey signing;
  audit::EscrowPublicKey escrow;
  Digest evidence;
};

Result<Secrets> load_secrets(const AuditOptions& options) {
  auto signing = audit::load_signing_key(options.signing_key_file);
  if (!signing) return tl::unexpected(signing.error());
  const auto pem = audit::read_small_file(options.escrow_public_key_file);
  if (!pem) return tl::unexpected(pem.error());
  auto escrow = audit::EscrowPublicKey::from_pem(*pem, options.escrow_public_key_file);
  if (!escrow) return tl::unexpected(escrow.error());
  const auto evidence = audit::load_hex_secret(options.evidence_key_file);
  if (!evidence) return tl::unexpected(evidence.error());
  return Secrets{*std::move(signing), *std::move(escrow), *evidence};
}

Result<std::unique_ptr<audit::Writer>> make_writer(const AuditOptions& options, Secrets secrets,
                                                   const audit::Environment& environment) {
  auto tail = audit::recover_stream({options.directory, secrets.signing.public_key()}, environment);
  if (!tail) return tl::unexpected(tail.error());
  audit::WriterOptions writer_options;
  writer_options.directory = options.directory;
  writer_options.segment_bytes_max = options.segment_bytes_max;
  writer_options.segment_age_max = options.segment_age_max;
  writer_options.record_bytes_max = options.record_bytes_max;
  audit::Writer::Parts parts{std::move(writer_options), environment, std::move(secrets.signing)};
  if (*tail) return audit::Writer::resume(std::move(parts), **tail);
  return audit::Writer::begin(std::move(parts), options.deployment, secrets.escrow);
}

}  // namespace

struct CommitQueue::State {
  std::shared_ptr<audit::Inbox> inbox;
  std::shared_ptr<audit::Answers> answers;
};

struct AuditLog::Impl {
  using Batch = std::span<audit::Pending>;

  Impl(AuditOptions given, audit::HostLock held, const audit::Environment& outside,
       std::unique_ptr<audit::Writer> started)
      : options(std::move(given)),
        lock(std::move(held)),
        environment(outside),
        writer(std::move(started)),
        stream(hex(writer->stream())),
        inbox(std::make_shared<audit::Inbox>(options.queue_records_max)) {}

  void run();
  void commit_all(std::vector<audit::Pending>& drained);
  Result<void> commit_batch(Batch batch);
  void deliver(Batch batch, const std::vector<audit::Placed>& placed);
  void refuse(Batch batch);
  void refuse_decisions(std::vector<audit::Pending>& drained);
  void check_space();
  void poison(const Error& error);
  Result<void> close();

  const AuditOptions options;
  const audit::HostLock lock;
  const audit::Environment environment;
  std::unique_ptr<audit::Writer> writer;  // the writer thread's
  const std::string stream;
  Digest evidence{};  // constant once the log is open
  std::function<void(const Error&)> on_failure;
  const std::shared_ptr<audit::Inbox> inbox;
  std::atomic<bool> poisoned{false};
  std::atomic<bool> space{true};
  MonotonicNanos space_checked{};  // the writer thread's
  std::vector<Draft> drafts;       // the writer thread's: the batch in hand
  Result<void> end;                // the writer thread's, until it is joined
  std::thread thread;              // joined by close()
  std::once_flag closed;
};

void AuditLog::Impl::run() {
  std::vector<audit::Pending> drained;
  while (inbox->drain(drained, housekeeping_every)) {
    check_space();
    if (!space) refuse_decisions(drained);
    commit_all(drained);
    if (poisoned) continue;
    if (auto rolled = writer->roll_if_due(); !rolled) poison(rolled.error());
  }
  if (!poisoned) end = writer->close();
  if (!poisoned && !end) poison(end.error());
}

void AuditLog::Impl::commit_all(std::vector<audit::Pending>& drained) {
  for (std::size_t begin = 0; begin < drained.size();) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; begin + count < drained.size() && bytes < batch_bytes_max;) {
      bytes += drained[begin + count++].draft.members().size();
    }
    const Batch batch(&drained[begin], count);
    begin += count;
    if (poisoned) {
      refuse(batch);
    } else if (auto done = commit_batch(batch); !done) {
      // INVARIANT: poisoned before anybody is answered, so that no one can be told otherwise later.
      poison(done.error());
      refuse(batch);
    }
  }
}

Result<void> AuditLog::Impl::commit_batch(Batch batch) {
  drafts.clear();
  for (audit::Pending& pending : batch) drafts.push_back(std::move(pending.draft));
  auto placed = writer->commit(drafts);
  if (!placed) return tl::unexpected(placed.error());
  deliver(batch, *placed);
  return {};
}

void AuditLog::Impl::deliver(Batch batch, const std::vector<audit::Placed>& placed) {
  std::map<audit::Answers*, std::vector<Committed>> by_queue;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].answers) continue;
    Committed answer{batch[i].ticket, placed[i].receipt, std::nullopt, placed[i].failure};
    const bool whole = placed[i].receipt && placed[i].failure == Reason::none;
    if (whole && drafts[i].effect() == Effect::allow) answer.clearance = clear(*placed[i].receipt);
    by_queue[batch[i].answers.get()].push_back(std::move(answer));
  }
  for (auto& [answers, committed] : by_queue) answers->put(committed);
}

void AuditLog::Impl::refuse(Batch batch) {
  deliver(batch,
          std::vector<audit::Placed>(batch.size(), {std::nullopt, Reason::audit_unavailable}));
}

// Short of space, what was admitted can still be brought to an end; nothing new is.
void AuditLog::Impl::refuse_decisions(std::vector<audit::Pending>& drained) {
  const auto kept = std::stable_partition(
      drained.begin(), drained.end(),
      [](const audit::Pending& pending) { return pending.draft.type() != RecordType::decision; });
  refuse(Batch(kept, drained.end()));
  drained.erase(kept, drained.end());
}

void AuditLog::Impl::check_space() {
  const MonotonicNanos now = environment.clock.monotonic();
  if (space_checked != MonotonicNanos{} && now - space_checked < housekeeping_every) return;
  space_checked = now;
  const auto free = audit::free_bytes(environment.files, options.directory);
  const bool enough = free && *free >= options.reserve_bytes_min;
  if (space.exchange(enough) == enough) return;
  if (enough) return log::info("audit: there is enough free space again");
  log::error("audit: less than audit.reserve_bytes_min is free in " + options.directory +
             ": everything is denied");
}

void AuditLog::Impl::poison(const Error& error) {
  poisoned = true;
  inbox->close();
  log::error("audit: " + error.message + "; everything is denied from now on");
  if (on_failure) on_failure(error);
}

Result<void> AuditLog::Impl::close() {
  std::call_once(closed, [this] {
    inbox->close();
    thread.join();
    if (poisoned && end) end = failure(Cause::io, "the audit log failed before it was closed");
  });
  return end;
}

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
  auto secrets = load_secrets(options);
  if (!secrets) return tl::unexpected(secrets.error());
  const Digest evidence = secrets->evidence;
  auto lock = audit::HostLock::acquire(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  auto writer = make_writer(options, *std::move(secrets), environment);
  if (!writer) return tl::unexpected(writer.error());
  auto impl = std::make_unique<Impl>(options, *std::move(lock), environment, *std::move(writer));
  impl->evidence = evidence;
  impl->on_failure = std::move(on_failure);
  impl->check_space();
  Impl& running = *impl;
  impl->thread = std::thread([&running] { running.run(); });
  pthread_setname_np(impl->thread.native_handle(), "pc-audit");
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

CommitQueue::CommitQueue(std::shared_ptr<State> state) : state_(std::move(state)) {}
CommitQueue::~CommitQueue() { state_->answers->detach(); }

void CommitQueue::submit(Draft draft, std::uint64_t ticket) {
  if (state_->inbox->put({std::move(draft), ticket, state_->answers})) return;
  state_->answers->refuse(ticket, Reason::audit_unavailable);
}

void CommitQueue::submit_unawaited(Draft draft) {
  state_->inbox->put({std::move(draft), 0, nullptr});
}

std::vector<Committed> CommitQueue::take() { return state_->answers->take(); }

}  // namespace portcullis
