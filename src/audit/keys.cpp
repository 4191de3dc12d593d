#include "audit/keys.h"

#include <algorithm>
#include <cerrno>

#include "audit/input.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

constexpr std::string_view key_name = "key";
constexpr std::string_view key_label = "portcullis stream key v1 ";
constexpr std::size_t epoch_digits = 16;
constexpr std::size_t key_file_bytes = key_label.size() + 32 + 1 + epoch_digits + 1 + 64 + 1;

std::string key_text(const StreamKey& key) {
  const std::string epoch = std::to_string(key.key.epoch);
  std::string out(key_label);
  append_hex(out, key.stream);
  out += ' ' + std::string(epoch_digits - epoch.size(), '0') + epoch + ' ';
  append_hex(out, key.key.key);
  return out + '\n';
}

std::optional<StreamKey> parse_key(std::string_view text) {
  if (text.size() != key_file_bytes || !text.starts_with(key_label)) return std::nullopt;
  text.remove_prefix(key_label.size());
  const auto stream = from_hex(text.substr(0, 32));
  std::string_view epoch = text.substr(33, epoch_digits);
  epoch.remove_prefix(std::min(epoch.find_first_not_of('0'), epoch_digits - 1));
  const auto number = take_integer(epoch);
  const auto key = from_hex(text.substr(34 + epoch_digits, 64));
  if (!stream || !number || !epoch.empty() || !key) return std::nullopt;
  StreamKey out;
  std::copy(stream->begin(), stream->end(), out.stream.begin());
  out.key.epoch = *number;
  std::copy(key->begin(), key->end(), out.key.key.begin());
  return out;
}

Result<StreamKey> load(const std::string& path) {
  auto text = read_secret_file(path);
  if (!text) return tl::unexpected(text.error());
  const auto key = parse_key(*text);
  wipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
  if (!key) return failure(Cause::invalid, path + " is not a stream's key");
  return *key;
}

Result<void> overwrite(FileSystem& files, const std::string& path) {
  FileIdentity ignored;
  const int found = files.identify(path, ignored);
  if (found == -ENOENT) return {};
  if (found < 0) return tl::unexpected(io_error("stat", path, found));
  auto old = OutputFile::existing(files, path);
  if (!old) return tl::unexpected(old.error());
  if (auto written = old->write_at(std::string(key_file_bytes, '\0'), 0); !written) return written;
  return old->sync();
}

}  // namespace

Result<StreamKey> load_stream_key(const std::string& directory) {
  auto key = load(directory + '/' + std::string(key_name));
  if (key || key.error().cause != Cause::invalid) return key;
  // The old key was overwritten, the rename of the new one did not happen any more.
  auto next = load(temporary_path(directory, std::string(key_name)));
  return next ? next : key;
}

Result<void> store_stream_key(FileSystem& files, const std::string& directory,
                              const StreamKey& key) {
  const std::string name(key_name);
  auto file = OutputFile::create(files, temporary_path(directory, name));
  if (!file) return tl::unexpected(file.error());
  std::string text = key_text(key);
  auto written = file->write_at(text, 0).and_then([&] { return file->sync(); });
  wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  if (!written) return written;
  // INVARIANT: the new key is durable under a name before the old one is destroyed.
  const int synced = files.sync_directory(directory);
  if (synced < 0) return tl::unexpected(io_error("sync", directory, synced));
  if (auto gone = overwrite(files, directory + '/' + name); !gone) return gone;
  return publish(files, directory, name);
}

Result<void> erase_stream_key(FileSystem& files, const std::string& directory) {
  const std::string name(key_name);
  return overwrite(files, temporary_path(directory, name))
      .and_then([&] { return overwrite(files, directory + '/' + name); })
      .and_then([&] {
        return remove_file(files, {directory, name + ".tmp"});
      })
      .and_then([&] {
        return remove_file(files, {directory, name});
      });
}

}  // namespace portcullis::audit
