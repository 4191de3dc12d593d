#include "audit/recover.h"

#include <algorithm>
#include <fstream>
#include <utility>

#include "audit/checkpoint.h"
#include "audit/input.h"
#include "audit/keys.h"
#include "audit/prefix.h"
#include "base/encoding.h"
#include "base/json_out.h"
#include "base/log.h"

namespace portcullis::audit {
namespace {

tl::unexpected<Error> refuse(const std::string& directory, const std::string& why) {
  return failure(Cause::untrusted,
                 "the audit log in " + directory + " cannot be continued: " + why);
}

// A directory without segments may hold what a crash left of its first start, and nothing else.
Result<std::optional<StreamTail>> begin_anew(const RecoverOptions& options,
                                             const std::optional<Checkpoint>& checkpoint) {
  if (checkpoint) {
    return refuse(options.directory, "its checkpoint says that it has " +
                                         std::to_string(checkpoint->size) +
                                         " records, but there is no segment");
  }
  const auto key = load_stream_key(options.directory);
  if (key && key->key.epoch > 0) {
    return refuse(options.directory, "its key is of epoch " + std::to_string(key->key.epoch) +
                                         ", but there is no segment");
  }
  return std::nullopt;
}

Result<void> check_key(const std::string& directory, const StreamKey& stored,
                       const Prefix& prefix) {
  if (stored.stream != prefix.stream) return refuse(directory, "its key is of another stream");
  if (prefix.key.epoch - stored.key.epoch > 1) {
    return refuse(directory, "its key is of epoch " + std::to_string(stored.key.epoch) +
                                 ", its last segment of epoch " + std::to_string(prefix.key.epoch));
  }
  return {};
}

// A crash came before the first checkpoint: at the log's first start, or at the one that recovered
// from it. Nobody has had a receipt yet.
bool was_never_open(const Prefix& prefix) {
  const std::uint64_t size = prefix.end.tree.size();
  const bool recovered = prefix.sealed && prefix.tally.count(RecordType::recovered) == 1;
  return size == 1 || (size == 3 && recovered);  // open; open, recovered, seal
}

// INVARIANT: nothing that was signed or acknowledged is beyond the prefix.
Result<void> check_complete(const std::string& directory, const Prefix& prefix,
                            const std::optional<Checkpoint>& checkpoint) {
  const std::uint64_t size = prefix.end.tree.size();
  const std::string records = std::to_string(size) + " records are whole";
  if (proves_loss(prefix)) {
    return refuse(directory, records + ", and then acknowledged ones are damaged");
  }
  if (prefix.sealed && !prefix.torn.empty()) {
    return refuse(directory, "bytes follow the seal of its last segment");
  }
  if (!checkpoint) {
    if (was_never_open(prefix)) return {};
    return refuse(directory, "it has no checkpoint");
  }
  if (checkpoint->size > size) {
    return refuse(directory, "only " + records + " of the " + std::to_string(checkpoint->size) +
                                 " that its checkpoint signs");
  }
  if (checkpoint->origin != prefix.origin || checkpoint->root != prefix.checkpoint_root) {
    return refuse(directory, "its checkpoint signs other records");
  }
  return {};
}

Result<void> copy_prefix(const std::string& path, std::uint64_t bytes, OutputFile& to) {
  std::ifstream from(path, std::ios::binary);
  std::string chunk(1u << 20, '\0');
  for (std::uint64_t done = 0; done < bytes;) {
    const std::uint64_t want = std::min<std::uint64_t>(chunk.size(), bytes - done);
    if (!from.read(chunk.data(), static_cast<std::streamsize>(want))) {
      return failure(Cause::io, "cannot read " + path + " a second time");
    }
    const std::string_view part(chunk.data(), want);
    if (auto written = to.write_at(part, done); !written) return written;
    done += want;
  }
  return {};
}

Result<void> quarantine(FileSystem& files, const std::string& directory, const Prefix& prefix) {
  if (prefix.torn.empty()) return {};
  const std::string digest = hex(sha256(prefix.torn)).substr(0, 16);
  const std::string name =
      "quarantine-" + std::to_string(prefix.end.tree.size()) + '-' + digest + ".torn";
  log::warning("audit: a torn write of " + std::to_string(prefix.torn.size()) +
               " bytes was never acknowledged; kept as " + directory + '/' + name);
  return replace_file(files, {directory, name, prefix.torn});
}

// `recovered` and `seal`, as one batch; moves the prefix's end behind them.
std::string closing_lines(Prefix& prefix, const Clock& clock) {
  std::string now;
  append_rfc3339(now, clock.wall());
  // A clock that was set back is recorded by the next batch: see docs/audit-log-format.md.
  prefix.last_time = std::max(now, prefix.last_time);
  std::string members;
  JsonWriter json(members);
  json.name("quarantined").begin_object();
  json.integer("bytes", static_cast<std::int64_t>(prefix.torn.size()));
  json.name("sha256").hex(sha256(prefix.torn)).end_object();

  Chain chain(prefix.stream, prefix.end, prefix.key);
  NewRecord record;
  record.batch = chain.next_seq();
  record.time = prefix.last_time;
  std::string lines;
  const auto append = [&](RecordType type, const std::string& own) {
    record.type = type;
    record.members = own;
    random_bytes(record.salt);
    chain.append(lines, record);
  };
  append(RecordType::recovered, members);
  prefix.tally.count(RecordType::recovered, std::nullopt, prefix.last_time);
  append(RecordType::seal, prefix.tally.members());
  prefix.end = chain.end();
  return lines;
}

// Writes the adopted prefix anew, closed by `closing`, and puts it in the old segment's place.
Result<void> rewrite(const RecoverOptions& options, const std::string& name, const Prefix& prefix,
                     const std::string& closing, FileSystem& files) {
  auto file = OutputFile::create(files, temporary_path(options.directory, name));
  if (!file) return tl::unexpected(file.error());
  auto durable = copy_prefix(options.directory + '/' + name, prefix.bytes, *file)
                     .and_then([&] { return file->write_at(closing, prefix.bytes); })
                     .and_then([&] { return file->sync(); });
  if (!durable) return durable;
  return publish(files, options.directory, name);
}

Result<void> close_segment(const RecoverOptions& options, const std::string& name, Prefix& prefix,
                           const Environment& environment) {
  auto kept = quarantine(environment.files, options.directory, prefix);
  if (!kept) return kept;
  const std::string closing =
      prefix.sealed ? std::string() : closing_lines(prefix, environment.clock);
  return rewrite(options, name, prefix, closing, environment.files);
}

}  // namespace

Result<std::optional<Checkpoint>> load_checkpoint(const RecoverOptions& options) {
  const auto note = read_small_file(options.directory + '/' + checkpoint_file_name);
  if (!note && note.error().cause == Cause::not_found) return std::nullopt;
  if (!note) return tl::unexpected(note.error());
  const auto checkpoint = open_checkpoint(*note, options.public_key);
  if (!checkpoint) return refuse(options.directory, checkpoint.error().message);
  return *checkpoint;
}

Result<std::optional<StreamTail>> recover_stream(const RecoverOptions& options,
                                                 const Environment& environment) {
  const auto segments = list_segments(options.directory);
  if (!segments) return tl::unexpected(segments.error());
  const auto checkpoint = load_checkpoint(options);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  if (segments->empty()) return begin_anew(options, *checkpoint);
  const auto key = load_stream_key(options.directory);
  if (!key) return refuse(options.directory, key.error().message);

  const SegmentName& last = segments->back();
  if (is_compressed(last.name)) {
    // Only what a later segment follows is compressed.
    return refuse(options.directory, "what followed " + last.name + " is missing");
  }
  const std::uint64_t checkpoint_size = *checkpoint ? (*checkpoint)->size : 0;
  auto prefix =
      read_prefix({options.directory, last, options.public_key, key->key, checkpoint_size});
  if (!prefix) return refuse(options.directory, prefix.error().message);
  auto good = check_key(options.directory, *key, *prefix).and_then([&] {
    return check_complete(options.directory, *prefix, *checkpoint);
  });
  if (!good) return tl::unexpected(good.error());

  // Only a checkpoint proves that the seal's own sync succeeded.
  const bool closed = prefix->sealed && checkpoint_size == prefix->end.tree.size() &&
                      prefix->file_bytes == prefix->bytes;
  if (!closed) {
    auto done = close_segment(options, last.name, *prefix, environment);
    if (!done) return tl::unexpected(done.error());
  }
  return StreamTail{prefix->stream, prefix->origin,    prefix->end,
                    prefix->key,    prefix->last_time, *checkpoint};
}

}  // namespace portcullis::audit
