#include "audit/rotate.h"

#include <filesystem>
#include <utility>

#include "audit/input.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr const char* next_name = "signing.next.pem";
constexpr const char* public_name = "signing.pub";

struct Place {
  std::string directory;
  std::string name;  // of the private key
  std::string path() const { return directory + '/' + name; }
  std::string next() const { return directory + '/' + next_name; }
};

Place place_of(const std::string& key_file) {
  const std::filesystem::path path(key_file);
  const std::string directory = path.parent_path();
  return {directory.empty() ? "." : directory, path.filename()};
}

// The key that takes over: of an interrupted rotation, or new.
Result<SigningKey> next_key(FileSystem& files, const Place& place) {
  auto before = load_signing_key(place.next());
  if (before || before.error().cause != Cause::not_found) return before;
  SigningKey key = SigningKey::generate();
  std::string pem = key.to_pem();
  auto stored = replace_file(files, {place.directory, next_name, pem});
  wipe({reinterpret_cast<std::uint8_t*>(pem.data()), pem.size()});
  if (!stored) return tl::unexpected(stored.error());
  return key;
}

Result<void> store_public(FileSystem& files, const Place& place, const std::string& name,
                          const PublicKey& key) {
  const auto pem = public_key_pem(key);
  if (!pem) return tl::unexpected(pem.error());
  return replace_file(files, {place.directory, name, *pem});
}

std::string old_public_name(const PublicKey& key) {
  return "signing-" + hex(key).substr(0, 16) + ".pub";
}

Result<void> destroy(FileSystem& files, const std::string& path) {
  auto file = OutputFile::existing(files, path);
  if (!file) return tl::unexpected(file.error());
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return failure(Cause::io, "cannot stat " + path + ": " + error.message());
  return file->write_at(std::string(bytes, '\0'), 0).and_then([&] { return file->sync(); });
}

// The public halves first, the old private key is destroyed when nothing needs it any more, and the
// new one in its place is the end of it.
Result<void> install(FileSystem& files, const Place& place, const Rotation& rotation) {
  return store_public(files, place, old_public_name(rotation.old_key), rotation.old_key)
      .and_then([&] { return store_public(files, place, public_name, rotation.new_key); })
      .and_then([&] { return destroy(files, place.path()); })
      .and_then([&]() -> Result<void> {
        const int moved = files.rename(place.next(), place.path());
        if (moved < 0) return tl::unexpected(io_error("rename a file to", place.path(), moved));
        const int synced = files.sync_directory(place.directory);
        if (synced < 0) return tl::unexpected(io_error("sync", place.directory, synced));
        return {};
      });
}

// The old key if it still is one; of an interrupted rotation that has destroyed it, as the
// predecessor file remembers it.
Result<PublicKey> old_key(const AuditOptions& options, const Place& place) {
  const auto key = load_signing_key(options.signing_key_file);
  if (key) return key->public_key();
  const bool destroyed = key.error().cause == Cause::invalid;
  const auto predecessor = load_predecessor(options.directory);
  std::error_code ignored;
  if (destroyed && predecessor && *predecessor && std::filesystem::exists(place.next(), ignored)) {
    return (*predecessor)->public_key;
  }
  return tl::unexpected(key.error());
}

Result<void> check_stream(const AuditOptions& options, const Place& place) {
  const auto segments = list_segments(options.directory);
  if (!segments) return tl::unexpected(segments.error());
  std::error_code ignored;
  if (!segments->empty() || std::filesystem::exists(place.next(), ignored)) return {};
  return failure(Cause::not_found, "the present signing key has signed no stream in " +
                                       options.directory + " yet: there is nothing to rotate");
}

}  // namespace

Result<Rotation> rotate_keys(const AuditOptions& options) {
  static const RealClock clock;
  return rotate_keys(options, {real_file_system(), clock});
}

Result<Rotation> rotate_keys(const AuditOptions& options, const Environment& environment) {
  const Place place = place_of(options.signing_key_file);
  const auto lock = HostLock::acquire(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  if (auto good = check_stream(options, place); !good) return tl::unexpected(good.error());
  const auto before = old_key(options, place);
  if (!before) return tl::unexpected(before.error());
  const auto next = next_key(environment.files, place);
  if (!next) return tl::unexpected(next.error());

  Rotation rotation;
  rotation.old_key = *before;
  rotation.new_key = next->public_key();
  rotation.old_public_file = place.directory + '/' + old_public_name(*before);
  const Retirement retirement{Succession::rotated, rotation.new_key};
  const auto retired = retire_stream(options, retirement, environment, *lock);
  if (!retired) return tl::unexpected(retired.error());
  rotation.retired = *retired;
  if (auto done = install(environment.files, place, rotation); !done) {
    return tl::unexpected(done.error());
  }
  return rotation;
}

}  // namespace portcullis::audit
