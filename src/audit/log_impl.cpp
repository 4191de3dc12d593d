#include "audit/log_impl.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/json_out.h"
#include "base/log.h"

namespace portcullis {
namespace {

// What recovery takes for one torn batch is bounded: audit/prefix.cpp.
constexpr std::size_t batch_bytes_max = 4u << 20;
constexpr std::size_t around_members_bytes = 600;  // of a record: its head, leaf and mac
constexpr std::chrono::milliseconds housekeeping_every{1000};

Draft dropped_draft(std::uint64_t count) {
  std::string members;
  JsonWriter json(members);
  json.name("rows").begin_array().begin_object();
  json.string("reason", reason_code(Reason::audit_unavailable)).string("source", "audit queue");
  json.integer("count", static_cast<std::int64_t>(count));
  json.end_object().end_array();
  return {RecordType::shed, std::move(members)};
}

}  // namespace

namespace audit {

std::optional<std::future<Result<SignedCheckpoint>>> CheckpointRequests::add() {
  const std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  return waiting_.emplace_back().get_future();
}

std::vector<CheckpointRequests::Answer> CheckpointRequests::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

std::vector<CheckpointRequests::Answer> CheckpointRequests::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return std::exchange(waiting_, {});
}

}  // namespace audit

AuditLog::Impl::Impl(AuditOptions given, audit::HostLock held, const audit::Environment& outside,
                     std::unique_ptr<audit::Writer> started)
    : options(std::move(given)),
      lock(std::move(held)),
      environment(outside),
      writer(std::move(started)),
      stream(hex(writer->stream())),
      inbox(std::make_shared<audit::Inbox>(options.queue_records_max)),
      archivist({options.directory,
                 options.compress_sealed ? audit::Compression::zstd : audit::Compression::none},
                environment.files) {}

void AuditLog::Impl::start() {
  check_space();
  archivist.sealed_before(writer->segment_first_seq());
  thread = std::thread([this] { run(); });
  pthread_setname_np(thread.native_handle(), "pc-audit");
}

void AuditLog::Impl::run() {
  std::vector<audit::Pending> drained;
  std::uint64_t looked_after = writer->segment_first_seq();
  while (inbox->drain(drained, housekeeping_every)) {
    keep_house(drained);
    commit_all(drained);
    answer_checkpoints(checkpoints.take());
    if (poisoned) continue;
    if (auto tended = writer->tend(); !tended) {
      poison(tended.error());
    } else if (writer->segment_first_seq() != looked_after) {
      looked_after = writer->segment_first_seq();
      archivist.sealed_before(looked_after);
    }
  }
  finish();
}

void AuditLog::Impl::finish() {
  answer_checkpoints(checkpoints.close());
  std::vector<audit::Pending> last;
  report_dropped(last);
  commit_all(last);
  if (poisoned) return;
  end = writer->close();
  if (!end) return poison(end.error());
  archivist.finish(writer->size());
}

void AuditLog::Impl::commit_all(std::vector<audit::Pending>& drained) {
  for (std::size_t begin = 0; begin < drained.size();) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; begin + count < drained.size() && bytes < batch_bytes_max;) {
      bytes += around_members_bytes + drained[begin + count++].draft.members().size();
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
  const auto placed = writer->commit(drafts);
  if (!placed) return tl::unexpected(placed.error());
  deliver(batch, *placed);
  return {};
}

void AuditLog::Impl::deliver(Batch batch, std::span<const audit::Placed> placed) {
  answered.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].answers) continue;
    Committed answer{batch[i].ticket, placed[i].receipt, std::nullopt, placed[i].failure};
    const bool whole = placed[i].receipt && placed[i].failure == Reason::none;
    if (whole && drafts[i].effect() == Effect::allow) answer.clearance = clear(*placed[i].receipt);
    if (batch[i].answers->stage(std::move(answer))) answered.push_back(batch[i].answers.get());
  }
  for (audit::Answers* answers : answered) answers->publish();
}

void AuditLog::Impl::refuse(Batch batch) {
  for (const audit::Pending& pending : batch) {
    if (!pending.answers) inbox->count_dropped();
  }
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

void AuditLog::Impl::keep_house(std::vector<audit::Pending>& drained) {
  const MonotonicNanos now = environment.clock.monotonic();
  if (!house_kept || now - *house_kept >= housekeeping_every) {
    house_kept = now;
    check_space();
    report_dropped(drained);
  }
  if (!space) refuse_decisions(drained);
}

void AuditLog::Impl::check_space() {
  const auto free = audit::free_bytes(environment.files, options.directory);
  const bool enough = free && *free >= options.reserve_bytes_min;
  if (space.exchange(enough) == enough) return;
  if (enough) return log::info("audit: there is enough free space again");
  log::error("audit: less than audit.reserve_bytes_min is free in " + options.directory +
             ": everything is denied");
}

void AuditLog::Impl::report_dropped(std::vector<audit::Pending>& drained) {
  if (poisoned) return;
  const std::uint64_t dropped = inbox->take_dropped();
  if (dropped == 0) return;
  log::warning("audit: " + std::to_string(dropped) +
               " records that nobody waited for found no room and were only counted");
  drained.push_back({dropped_draft(dropped), 0, nullptr});
}

void AuditLog::Impl::answer_checkpoints(std::vector<audit::CheckpointRequests::Answer> waiting) {
  if (waiting.empty()) return;
  Result<SignedCheckpoint> made = failure(Cause::io, "the audit log failed");
  if (!poisoned) {
    made = writer->checkpoint();
    if (!made) poison(made.error());
  }
  for (auto& answer : waiting) answer.set_value(made);
}

void AuditLog::Impl::poison(const Error& error) {
  poisoned = true;
  inbox->close();
  archivist.interrupt();
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

}  // namespace portcullis
