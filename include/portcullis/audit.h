// The audit log: durable, hash-chained, authenticated, signed. docs/audit-log-format.md has the
// bytes.
//
// Life of a record: a worker submits a Draft through its CommitQueue; the one writer thread gives
// it seq, time, salt and chain, writes a batch with one write and one fdatasync, and only then
// delivers a Committed to the queue. A Clearance, without which nothing can be forwarded, exists
// only in such an answer.
//
// Thread-safety: AuditLog may be used from any thread; a CommitQueue belongs to one worker.
// Lifetimes: the AuditLog must outlive its queues. Errors: the first failed write or sync poisons
// the log for good: every draft from then on is answered with a failure, and nothing is retried.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis {

enum class RecordType : std::uint8_t {
  open,
  decision,
  outcome,
  checkpoint,
  change,
  recovered,
  clock_step,
  anchor,
  shed,
  retention,
  seal
};
std::string_view record_type_name(RecordType type);

// Where a record stands in its stream; as a header: v1:<stream>:<epoch>:<seq>:<h>:<mac>.
struct Receipt {
  std::array<std::uint8_t, 16> stream{};
  std::uint64_t epoch = 0;
  std::uint64_t seq = 0;
  Digest hash{};
  Digest mac{};
  std::string text() const;
  static std::optional<Receipt> parse(std::string_view text);
};

// One record before it has a place. `members` is the JSON of its own members, in order, without
// braces:
// `"id":"...","upstream":"..."`; valid UTF-8, no control characters, none of the record's own
// member names (v, stream, seq, prev, batch, epoch, time, salt, type, leaf, mac), no plaintext of a
// caller. An outcome begins with the `id` of its decision.
class Draft {
 public:
  // For outcome, change, shed, anchor and retention. A decision comes from make_draft() only, and
  // the other types from the log itself: asking for one of them here is a bug and aborts.
  Draft(RecordType type, std::string members);
  RecordType type() const { return type_; }
  const std::string& members() const { return members_; }
  Effect effect() const { return effect_; }  // allow only if make_draft() rendered it into members

 private:
  friend Draft make_draft(const struct DecisionDraft& decision);
  Draft() = default;
  RecordType type_ = RecordType::decision;
  Effect effect_ = Effect::deny;
  std::string members_;
};

// A decision's parts, each a complete JSON value in its fixed order. The log renders the effect, so
// that what is on disk and what earns a Clearance cannot differ.
struct DecisionDraft {
  std::string id;     // UUIDv7
  std::string input;  // object; append_json(PolicyInput)
  std::string policy_name;
  std::int64_t policy_sequence = 0;
  Digest policy_digest{};
  Decision decision;
  std::string evidence;  // object
};
Draft make_draft(const DecisionDraft& decision);

// Proof that a permitting decision is on disk. Move-only, no public constructor; forwarding
// consumes it.
class Clearance {
 public:
  Clearance(Clearance&&) noexcept = default;
  Clearance& operator=(Clearance&&) noexcept = default;
  Clearance(const Clearance&) = delete;
  Clearance& operator=(const Clearance&) = delete;
  const Receipt& receipt() const { return receipt_; }

 private:
  friend class AuditLog;
  explicit Clearance(const Receipt& receipt) : receipt_(receipt) {}
  Receipt receipt_;
};

struct Committed {
  std::uint64_t ticket = 0;            // as given to submit()
  std::optional<Receipt> receipt;      // nullopt: nobody may rely on it, and nothing is retried
  std::optional<Clearance> clearance;  // only for a durable decision that allows
  // audit_unavailable; internal (members that cannot be recorded); record_too_large: then the
  // receipt is that of a minimal record which says so, and there is no clearance.
  Reason failure = Reason::none;
};

struct AuditOptions {
  std::string directory;
  std::string signing_key_file;           // Ed25519 PKCS#8 PEM, mode 0600
  std::string escrow_public_key_file;     // RSA >= 3072 bits, PEM
  std::string evidence_key_file;          // 32 bytes, hex, mode 0600: the key `E`
  std::string approver_key_file;          // Ed25519 public key, PEM, for new streams; may be empty
  std::string deployment = "portcullis";  // the first part of a checkpoint's origin
  std::uint64_t segment_bytes_max = 128u << 20;
  std::chrono::seconds segment_age_max{3600};
  bool compress_sealed = false;           // sealed segments become .jsonl.zst, in the background
  std::size_t queue_records_max = 65536;  // waiting for the writer; beyond: audit_unavailable
  std::size_t record_bytes_max = 1u << 20;
  std::uint64_t reserve_bytes_min =
      256u << 20;  // below this much free space: not ready, everything denied
  std::vector<std::string>
      allow_filesystem;  // names (tmpfs, overlay, fuse) on which fdatasync means little
};

// A signed note over the first `size` records, all of them durable.
struct SignedCheckpoint {
  std::uint64_t size = 0;
  std::string note;
};

namespace audit {
struct Environment;  // src/audit/environment.h: file system and clock, for tests
}
class AuditLog;

// One worker's door to the log.
class CommitQueue {
 public:
  ~CommitQueue();
  // Never blocks on the disk. The answer comes through the queue's wake function and take(), with
  // `ticket`, which is the caller's own.
  void submit(Draft draft, std::uint64_t ticket);
  // The same, one of several that come together: a busy writer takes it with its next batch, but
  // one that sleeps is left asleep, so that it does not sync the first of them alone while the
  // others wait. wake_writer() is to follow soon.
  void submit_quietly(Draft draft, std::uint64_t ticket);
  void wake_writer();
  // As submit(), but nobody waits: no answer will come. For `shed` counts and flood-limited
  // denials. One that is refused for want of room is counted, in a `shed` record of the log's own.
  void submit_unawaited(Draft draft);
  // All answers since the last call. Call on the worker's own thread, after a wake.
  std::vector<Committed> take();

 private:
  friend class AuditLog;
  struct State;
  explicit CommitQueue(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

class AuditLog {
 public:
  // Locks the directory, recovers, opens or continues the stream, starts the writer thread.
  // `on_failure` is called once, on the writer thread, when the log is poisoned.
  static Result<std::unique_ptr<AuditLog>> open(const AuditOptions& options,
                                                std::function<void(const Error&)> on_failure);
  static Result<std::unique_ptr<AuditLog>> open(const AuditOptions& options,
                                                std::function<void(const Error&)> on_failure,
                                                const audit::Environment& environment);
  ~AuditLog();  // close() if that has not happened

  // `wake` is called on the writer thread at most once per batch that has answers for this queue,
  // or inside submit() if the draft is refused at once. It must only hand over to the worker (one
  // post), never call the queue itself.
  std::unique_ptr<CommitQueue> make_queue(std::function<void()> wake);
  // Commits and waits: for start-up, reload and tools, not for requests.
  Result<Receipt> commit(Draft draft);
  // Signs all records so far and records the note, in a `checkpoint` record that it does not cover.
  // Waits: for housekeeping threads, not for requests.
  Result<SignedCheckpoint> checkpoint_now();

  bool healthy() const;        // not poisoned, enough space; else decisions get audit_unavailable
  std::string stream() const;  // 32 hex digits
  const Digest& evidence_key() const;  // `E`; derive a key per use with hkdf_sha256

  // Writes checkpoint and seal, syncs, stops the writer. No draft may be in flight.
  Result<void> close();

 private:
  struct Impl;  // src/audit/log_impl.h
  explicit AuditLog(std::unique_ptr<Impl> impl);
  static Clearance clear(const Receipt& receipt) { return Clearance(receipt); }
  std::unique_ptr<Impl> impl_;
};

}  // namespace portcullis
