#include "audit/writer.h"

#include <algorithm>
#include <utility>

#include "audit/checkpoint.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t id_bytes = 36;
constexpr std::size_t head_bytes_max = 512;  // of S, before the members
constexpr std::chrono::seconds note_saved_every{1};
constexpr std::chrono::seconds note_recorded_every{60};

// The `id` member at the front of a decision or an outcome, with its comma; empty if there is none.
std::string_view id_member(std::string_view members) {
  constexpr std::string_view name = "\"id\":\"";
  const std::size_t bytes = name.size() + id_bytes + 1;
  if (!members.starts_with(name) || members.size() < bytes || members[bytes - 1] != '"') return {};
  const std::string_view id = members.substr(name.size(), id_bytes);
  const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
  return plain ? members.substr(0, bytes) : std::string_view();
}

// What is recorded in the place of a draft that is too large.
std::string minimal_members(const Draft& draft) {
  std::string out;
  JsonWriter json(out);
  const std::string_view id = id_member(draft.members());
  if (!id.empty()) json.raw(id);
  if (draft.type() == RecordType::decision) {
    json.name("decision").begin_object();
    json.string("effect", effect_name(Effect::deny));
    json.string("reason", reason_code(Reason::record_too_large));
    json.end_object();
  }
  json.name("too_large").begin_object();
  json.integer("bytes", static_cast<std::int64_t>(draft.members().size())).end_object();
  return out;
}

std::string genesis_member(const Bytes& wrapped, const Genesis& genesis) {
  std::string out;
  JsonWriter json(out);
  json.name("genesis").begin_object();
  json.string("wrap", "RSA-OAEP-SHA256").name("escrow_key").hex(genesis.escrow.fingerprint());
  json.string("wrapped_key", base64(wrapped));
  if (genesis.approver) json.name("approver").hex(*genesis.approver);
  if (genesis.predecessor) json.name("predecessor").raw(to_json(*genesis.predecessor));
  json.end_object();
  return out;
}

}  // namespace

Writer::Writer(Parts parts, const StreamTail& tail)
    : options_(std::move(parts.options)),
      environment_(parts.environment),
      signer_(std::move(parts.signing_key), tail.origin, tail.signed_before),
      key_(tail.key),
      chain_(tail.stream, tail.end, tail.key),
      last_time_(tail.last_time) {}

Result<std::unique_ptr<Writer>> Writer::begin(Parts parts, const Genesis& genesis) {
  StreamTail tail;
  random_bytes(tail.stream);
  random_bytes(tail.key.key);
  tail.origin = genesis.deployment + '/' + hex(tail.stream);
  const auto wrapped = genesis.escrow.wrap(tail.key.key);
  if (!wrapped) return tl::unexpected(wrapped.error());
  std::unique_ptr<Writer> writer(new Writer(std::move(parts), tail));
  auto begun =
      store_stream_key(writer->environment_.files, writer->options_.directory,
                       {tail.stream, tail.key})
          .and_then([&] { return writer->open_segment(genesis_member(*wrapped, genesis)); })
          .and_then([&] { return writer->save_checkpoint(); });
  if (!begun) return tl::unexpected(begun.error());
  return writer;
}

Result<std::unique_ptr<Writer>> Writer::resume(Parts parts, const StreamTail& tail) {
  std::unique_ptr<Writer> writer(new Writer(std::move(parts), tail));
  auto resumed = writer->save_checkpoint().and_then([&] { return writer->advance(); });
  if (!resumed) return tl::unexpected(resumed.error());
  return writer;
}

std::string Writer::stamp() {
  std::string now;
  append_rfc3339(now, environment_.clock.wall());
  return now;
}

// Begins a batch of the log's own records. Its time does not go back: a step of the clock is the
// next commit's to record.
NewRecord Writer::own_batch() {
  last_time_ = std::max(stamp(), last_time_);
  buffer_.clear();
  NewRecord record;
  record.batch = chain_.next_seq();
  return record;
}

void Writer::append_own(RecordType type, NewRecord& record, std::string_view members) {
  const std::string now = last_time_;
  record.time = now;
  random_bytes(record.salt);
  append(type, record, members);
  tally_.count(type, std::nullopt, now);
}

Receipt Writer::append(RecordType type, NewRecord& record, std::string_view members) {
  record.type = type;
  record.members = members;
  const bool all_noted = chain_.next_seq() == note_recorded_end_;
  const Receipt receipt = chain_.append(buffer_, record);
  // An anchor testifies to a note: alone it asks for no other, else the two would never rest.
  if (all_noted && type == RecordType::anchor) note_recorded_end_ = chain_.next_seq();
  last_time_ = record.time;
  return receipt;
}

Placed Writer::place(const Draft& draft, NewRecord& record) {
  const bool decision = draft.type() == RecordType::decision;
  if (draft.members().size() + head_bytes_max > options_.record_bytes_max) {
    const Placed placed{append(draft.type(), record, minimal_members(draft)),
                        Reason::record_too_large};
    tally_.count(draft.type(), decision ? std::optional(Effect::deny) : std::nullopt, record.time);
    return placed;
  }
  if (!is_recordable(draft.members())) return {std::nullopt, Reason::internal};
  tally_.count(draft.type(), decision ? std::optional(draft.effect()) : std::nullopt, record.time);
  return {append(draft.type(), record, draft.members()), Reason::none};
}

Result<std::vector<Placed>> Writer::commit(std::span<const Draft> drafts) {
  const std::string now = stamp();
  buffer_.clear();
  NewRecord record;
  record.batch = chain_.next_seq();
  record.time = now;
  std::vector<Salt> salts(drafts.size() + 1);
  random_bytes({salts.front().data(), salts.size() * sizeof(Salt)});
  if (now < last_time_) {
    std::string members;
    JsonWriter(members).string("from", last_time_).string("to", now);
    record.salt = salts.back();
    append(RecordType::clock_step, record, members);
    tally_.count(RecordType::clock_step, std::nullopt, now);
  }
  std::vector<Placed> placed;
  placed.reserve(drafts.size());
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    record.salt = salts[i];
    placed.push_back(place(drafts[i], record));
  }
  if (buffer_.empty()) return placed;
  if (auto durable = segment_->append(buffer_); !durable) return tl::unexpected(durable.error());
  return placed;
}

std::string Writer::open_members(const std::string& genesis) const {
  std::string out;
  JsonWriter json(out);
  json.string("origin", signer_.origin());
  json.name("public_key").hex(signer_.public_key());
  json.string("software", "portcullis " PORTCULLIS_VERSION);
  json.name("frontier").begin_array();
  for (const Digest& root : chain_.end().tree.roots()) json.hex(root);
  json.end_array();
  if (genesis.empty()) {
    json.string("previous", note_);
  } else {
    json.raw(genesis);
  }
  return out;
}

Result<void> Writer::open_segment(const std::string& genesis) {
  NewRecord record = own_batch();
  tally_ = Tally{};
  segment_first_seq_ = chain_.next_seq();
  append_own(RecordType::open, record, open_members(genesis));
  auto segment =
      Segment::create({environment_.files, options_.directory, segment_first_seq_}, buffer_);
  if (!segment) return tl::unexpected(segment.error());
  segment_.emplace(*std::move(segment));
  segment_opened_ = note_recorded_ = environment_.clock.monotonic();
  note_recorded_end_ = chain_.next_seq();
  return {};
}

// INVARIANT: called only when every record so far is durable; what is signed is in the file before
// anybody sees it.
Result<void> Writer::save_checkpoint() {
  note_saved_ = environment_.clock.monotonic();
  if (!note_.empty() && signer_.signed_size() == chain_.next_seq()) return {};
  auto note = signer_.sign(chain_.end().tree);
  if (!note) return tl::unexpected(note.error());
  note_ = *std::move(note);
  return replace_file(environment_.files, {options_.directory, checkpoint_file_name, note_});
}

std::string Writer::note_member() const {
  std::string member;
  JsonWriter(member).string("note", note_);
  return member;
}

Result<SignedCheckpoint> Writer::checkpoint() {
  if (auto saved = save_checkpoint(); !saved) return tl::unexpected(saved.error());
  SignedCheckpoint made{signer_.signed_size(), note_};
  NewRecord record = own_batch();
  append_own(RecordType::checkpoint, record, note_member());
  if (auto durable = segment_->append(buffer_); !durable) return tl::unexpected(durable.error());
  note_recorded_ = environment_.clock.monotonic();
  note_recorded_end_ = chain_.next_seq();
  return made;
}

Result<void> Writer::seal() {
  if (auto saved = save_checkpoint(); !saved) return saved;
  NewRecord record = own_batch();
  append_own(RecordType::checkpoint, record, note_member());
  append_own(RecordType::seal, record, tally_.members());
  return segment_->finish(buffer_).and_then([&] { return save_checkpoint(); });
}

// To the next epoch and its segment.
Result<void> Writer::advance() {
  key_ = next_epoch(key_);
  chain_.set_epoch(key_);
  return open_segment({}).and_then([&] {
    return store_stream_key(environment_.files, options_.directory, {chain_.stream(), key_});
  });
}

bool Writer::roll_is_due() const {
  const auto age = environment_.clock.monotonic() - segment_opened_;
  const bool empty = chain_.next_seq() == segment_first_seq_ + 1;
  const bool old = age >= options_.segment_age_max && !empty;
  return segment_->size() >= options_.segment_bytes_max || old;
}

Result<void> Writer::tend() {
  if (roll_is_due()) {
    return seal().and_then([&] { return advance(); });
  }
  const MonotonicNanos now = environment_.clock.monotonic();
  if (chain_.next_seq() > note_recorded_end_ && now - note_recorded_ >= note_recorded_every) {
    if (auto made = checkpoint(); !made) return tl::unexpected(made.error());
  }
  if (chain_.next_seq() == signer_.signed_size() || now - note_saved_ < note_saved_every) return {};
  return save_checkpoint();
}

Result<void> Writer::close() { return seal(); }

}  // namespace portcullis::audit
