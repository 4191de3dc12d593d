#include "audit/retire.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "audit/input.h"
#include "audit/keys.h"
#include "audit/recover.h"
#include "audit/start.h"
#include "audit/writer.h"
#include "base/encoding.h"
#include "base/json_out.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view kept[] = {"lock", "predecessor", "predecessor.tmp", "key", "key.tmp"};

Result<std::vector<std::string>> files_to_move(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (auto entry = std::filesystem::directory_iterator(directory, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    const bool stays = std::find(std::begin(kept), std::end(kept), name) != std::end(kept);
    if (!stays && entry->symlink_status().type() == std::filesystem::file_type::regular) {
      names.push_back(name);
    }
  }
  if (error) return failure(Cause::io, "cannot list " + directory + ": " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> make_directory(FileSystem& files, const std::string& parent, const std::string& name) {
  const std::string path = parent + '/' + name;
  const int made = files.make_directory(path);
  if (made < 0 && made != -EEXIST) return tl::unexpected(io_error("create", path, made));
  const int synced = files.sync_directory(parent);
  if (synced < 0) return tl::unexpected(io_error("sync", parent, synced));
  return {};
}

Draft succession_draft(const PublicKey& successor) {
  std::string members;
  JsonWriter json(members);
  json.string("what", "keys").string("who", "unknown").name("successor").hex(successor);
  return {RecordType::change, std::move(members)};
}

// The last records of a rotated stream.
Result<void> conclude(const AuditOptions& options, const StreamTail& tail,
                      const PublicKey& successor, const Environment& environment) {
  auto signing = load_signing_key(options.signing_key_file);
  if (!signing) return tl::unexpected(signing.error());
  const auto writer =
      Writer::resume({writer_options(options), environment, *std::move(signing)}, tail);
  if (!writer) return tl::unexpected(writer.error());
  const Draft draft = succession_draft(successor);
  const auto placed = (*writer)->commit({&draft, 1});
  if (!placed) return tl::unexpected(placed.error());
  return (*writer)->close();
}

// Seals the stream and says what the next one follows.
Result<Predecessor> end_stream(const AuditOptions& options, const Retirement& retirement,
                               const Environment& environment) {
  auto signing = load_signing_key(options.signing_key_file);
  if (!signing) return tl::unexpected(signing.error());
  const auto tail = recover_stream({options.directory, signing->public_key()}, environment);
  if (!tail) return tl::unexpected(tail.error());
  if (!*tail) return failure(Cause::not_found, "there is no stream in " + options.directory);
  if (retirement.successor) {
    auto concluded = conclude(options, **tail, *retirement.successor, environment);
    if (!concluded) return tl::unexpected(concluded.error());
  }
  auto note = read_small_file(options.directory + '/' + checkpoint_file_name);
  if (!note) return tl::unexpected(note.error());
  Predecessor predecessor{signing->public_key(), *std::move(note), retirement.reason};
  auto stored = store_predecessor(environment.files, options.directory, predecessor);
  if (!stored) return tl::unexpected(stored.error());
  return predecessor;
}

// What an earlier try left, if it came that far.
Result<std::optional<Predecessor>> interrupted(const std::string& directory) {
  auto predecessor = load_predecessor(directory);
  if (!predecessor || !*predecessor) return predecessor;
  const auto segments = list_segments(directory);
  if (!segments) return tl::unexpected(segments.error());
  if (segments->empty()) return predecessor;
  const auto key = load_stream_key(directory);
  if (!key) return tl::unexpected(key.error());
  if (key->stream != *stream_of(**predecessor)) return std::nullopt;  // a genesis took it over
  return predecessor;
}

}  // namespace

Result<void> put_away(FileSystem& files, const std::string& directory,
                      const Predecessor& predecessor) {
  const auto stream = stream_of(predecessor);
  if (!stream) return tl::unexpected(stream.error());
  const std::string parent = directory + '/' + retired_directory_name;
  const std::string target = parent + '/' + hex(*stream);
  auto made = make_directory(files, directory, retired_directory_name).and_then([&] {
    return make_directory(files, parent, hex(*stream));
  });
  if (!made) return made;
  const auto names = files_to_move(directory);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    std::string from = directory;
    std::string to = target;
    const int moved = files.rename(from.append("/").append(name), to.append("/").append(name));
    if (moved < 0) return tl::unexpected(io_error("move to " + target, name, moved));
  }
  for (const std::string& changed : {target, directory}) {
    const int synced = files.sync_directory(changed);
    if (synced < 0) return tl::unexpected(io_error("sync", changed, synced));
  }
  // Last: a key of that stream beside its `predecessor` means that something is left to do.
  return erase_stream_key(files, directory);
}

Result<StreamId> retire_stream(const AuditOptions& options, const Retirement& retirement,
                               const Environment& environment, const HostLock&) {
  const auto before = interrupted(options.directory);
  if (!before) return tl::unexpected(before.error());
  auto predecessor =
      *before ? Result<Predecessor>(**before) : end_stream(options, retirement, environment);
  if (!predecessor) return tl::unexpected(predecessor.error());
  auto done = put_away(environment.files, options.directory, *predecessor);
  if (!done) return tl::unexpected(done.error());
  return stream_of(*predecessor);
}

Result<StreamId> retire_stream(const AuditOptions& options, const Retirement& retirement) {
  static const RealClock clock;
  const auto lock = HostLock::acquire(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  return retire_stream(options, retirement, {real_file_system(), clock}, *lock);
}

}  // namespace portcullis::audit
