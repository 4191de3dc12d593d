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

std::string genesis_member(const Bytes& wrapped, const EscrowPublicKey& escrow) {
  std::string out;
  JsonWriter json(out);
  json.name("genesis").begin_object();
  json.string("wrap", "RSA-OAEP-SHA256").name("escrow_key").hex(escrow.fingerprint());
  json.string("wrapped_key", base64(wrapped)).end_object();
  return out;
}

}  // namespace

Writer::Writer(Parts parts, std::string origin, const StreamTail& tail)
    : parts_(std::move(parts)),
      origin_(std::move(origin)),
      key_(tail.key),
      chain_(tail.stream, tail.end, tail.key),
      last_time_(tail.last_time) {}

Result<std::unique_ptr<Writer>> Writer::begin(Parts parts, const std::string& deployment,
                                              const EscrowPublicKey& escrow) {
  StreamTail tail;
  random_bytes(tail.stream);
  random_bytes(tail.key.key);
  const auto wrapped = escrow.wrap(tail.key.key);
  if (!wrapped) return tl::unexpected(wrapped.error());
  std::unique_ptr<Writer> writer(
      new Writer(std::move(parts), deployment + '/' + hex(tail.stream), tail));
  const WriterOptions& options = writer->parts_.options;
  auto begun =
      store_stream_key(writer->parts_.environment.files, options.directory, {tail.stream, tail.key})
          .and_then([&] { return writer->open_segment(genesis_member(*wrapped, escrow)); })
          .and_then([&] { return writer->save_checkpoint(); });
  if (!begun) return tl::unexpected(begun.error());
  return writer;
}

Result<std::unique_ptr<Writer>> Writer::resume(Parts parts, const StreamTail& tail) {
  std::unique_ptr<Writer> writer(new Writer(std::move(parts), tail.origin, tail));
  auto resumed = writer->save_checkpoint().and_then([&] { return writer->advance(); });
  if (!resumed) return tl::unexpected(resumed.error());
  return writer;
}

std::string Writer::stamp() {
  std::string now;
  append_rfc3339(now, parts_.environment.clock.wall());
  return now;
}

Receipt Writer::append(RecordType type, NewRecord& record, std::string_view members) {
  record.type = type;
  record.members = members;
  const Receipt receipt = chain_.append(buffer_, record);
  last_time_ = record.time;
  return receipt;
}

Placed Writer::place(const Draft& draft, NewRecord& record) {
  const bool decision = draft.type() == RecordType::decision;
  if (draft.members().size() + head_bytes_max > parts_.options.record_bytes_max) {
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
  json.string("origin", origin_);
  json.name("public_key").hex(parts_.signing_key.public_key());
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
  last_time_ = std::max(stamp(), last_time_);
  const std::string now = last_time_;
  tally_ = Tally{};
  buffer_.clear();
  segment_first_seq_ = chain_.next_seq();
  NewRecord record;
  record.batch = segment_first_seq_;
  record.time = now;
  random_bytes(record.salt);
  append(RecordType::open, record, open_members(genesis));
  tally_.count(RecordType::open, std::nullopt, now);
  auto segment = Segment::create(
      {parts_.environment.files, parts_.options.directory, segment_first_seq_}, buffer_);
  if (!segment) return tl::unexpected(segment.error());
  segment_.emplace(*std::move(segment));
  segment_opened_ = parts_.environment.clock.monotonic();
  return {};
}

std::string Writer::signed_checkpoint() const {
  const Frontier& tree = chain_.end().tree;
  return sign_checkpoint({origin_, tree.size(), tree.root()}, parts_.signing_key);
}

// INVARIANT: called only when every record so far is durable.
Result<void> Writer::save_checkpoint() {
  note_ = signed_checkpoint();
  return replace_file(parts_.environment.files,
                      {parts_.options.directory, checkpoint_file_name, note_});
}

Result<void> Writer::seal() {
  last_time_ = std::max(stamp(), last_time_);
  const std::string now = last_time_;
  std::string note_member;
  JsonWriter(note_member).string("note", signed_checkpoint());
  buffer_.clear();
  NewRecord record;
  record.batch = chain_.next_seq();
  record.time = now;
  random_bytes(record.salt);
  append(RecordType::checkpoint, record, note_member);
  tally_.count(RecordType::checkpoint, std::nullopt, now);
  random_bytes(record.salt);
  append(RecordType::seal, record, tally_.members());
  return segment_->finish(buffer_).and_then([&] { return save_checkpoint(); });
}

// To the next epoch and its segment.
Result<void> Writer::advance() {
  key_ = next_epoch(key_);
  chain_.set_epoch(key_);
  return open_segment({}).and_then([&] {
    return store_stream_key(parts_.environment.files, parts_.options.directory,
                            {chain_.stream(), key_});
  });
}

Result<void> Writer::roll_if_due() {
  const auto age = parts_.environment.clock.monotonic() - segment_opened_;
  const bool empty = chain_.next_seq() == segment_first_seq_ + 1;
  const bool old = age >= parts_.options.segment_age_max && !empty;
  if (segment_->size() < parts_.options.segment_bytes_max && !old) return {};
  return seal().and_then([&] { return advance(); });
}

Result<void> Writer::close() { return seal(); }

}  // namespace portcullis::audit
