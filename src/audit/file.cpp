#include "audit/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace portcullis::audit {
namespace {

int result_of(int returned) { return returned < 0 ? -errno : returned; }

class RealFileSystem final : public FileSystem {
 public:
  int open(const std::string& path, int flags) override {
    return result_of(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
  std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) override {
    const ssize_t written = ::pwrite(file, data.data(), data.size(), static_cast<off_t>(offset));
    return written < 0 ? -errno : written;
  }
  std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) override {
    const ssize_t got = ::pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    return got < 0 ? -errno : got;
  }
  int sync(int file) override { return result_of(::fdatasync(file)); }
  int truncate(int file, std::uint64_t size) override {
    return result_of(::ftruncate(file, static_cast<off_t>(size)));
  }
  int close(int file) override { return result_of(::close(file)); }
  int rename(const std::string& from, const std::string& to) override {
    return result_of(::rename(from.c_str(), to.c_str()));
  }
  int remove(const std::string& path) override { return result_of(::unlink(path.c_str())); }
  int make_directory(const std::string& path) override {
    return result_of(::mkdir(path.c_str(), 0700));
  }
  int sync_directory(const std::string& path) override {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return -errno;
    const int result = result_of(::fsync(directory));
    ::close(directory);
    return result;
  }
  int identify(const std::string& path, FileIdentity& out) override {
    // Not stat(2): whoever asks for a file's times has the kernel give the next write one of its
    // own, and the next sync then waits for the inode as well (Linux 6.13, multigrain timestamps).
    struct statx facts {};
    const int found = ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO, &facts);
    if (found != 0) return -errno;
    out = {makedev(facts.stx_dev_major, facts.stx_dev_minor), facts.stx_ino};
    return 0;
  }
  int facts(const std::string& path, FileSystemFacts& out) override {
    struct statfs facts {};
    if (::statfs(path.c_str(), &facts) != 0) return -errno;
    out.magic = static_cast<std::uint32_t>(facts.f_type);
    out.free_bytes = facts.f_bavail * static_cast<std::uint64_t>(facts.f_bsize);
    return 0;
  }
};

Result<void> outcome(int result, std::string_view action, const std::string& path) {
  if (result < 0) return tl::unexpected(io_error(action, path, result));
  return {};
}

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

Error io_error(std::string_view action, const std::string& path, std::int64_t negative_errno) {
  const std::error_code code(static_cast<int>(-negative_errno), std::generic_category());
  return {Cause::io, "cannot " + std::string(action) + ' ' + path + ": " + code.message()};
}

OutputFile::OutputFile(FileSystem& files, int descriptor, std::string path)
    : files_(&files), descriptor_(descriptor), path_(std::move(path)) {}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : files_(other.files_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)) {}

OutputFile& OutputFile::operator=(OutputFile&& other) noexcept {
  std::swap(files_, other.files_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

OutputFile::~OutputFile() {
  // Everything that must last was synced: a failing close takes nothing away.
  if (descriptor_ >= 0) files_->close(descriptor_);
}

Result<OutputFile> OutputFile::create(FileSystem& files, std::string path) {
  const int descriptor = files.open(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (descriptor < 0) return tl::unexpected(io_error("create", path, descriptor));
  return OutputFile(files, descriptor, std::move(path));
}

Result<OutputFile> OutputFile::existing(FileSystem& files, std::string path) {
  const int descriptor = files.open(path, O_WRONLY);
  if (descriptor < 0) return tl::unexpected(io_error("open", path, descriptor));
  return OutputFile(files, descriptor, std::move(path));
}

Result<void> OutputFile::write_at(std::string_view data, std::uint64_t offset) {
  while (!data.empty()) {
    const std::int64_t written = files_->write_at(descriptor_, data, offset);
    if (written == -EINTR) continue;
    if (written < 0) return tl::unexpected(io_error("write", path_, written));
    if (written == 0) return tl::unexpected(io_error("write", path_, -ENOSPC));
    data.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> OutputFile::sync() { return outcome(files_->sync(descriptor_), "sync", path_); }

Result<void> OutputFile::truncate(std::uint64_t size) {
  return outcome(files_->truncate(descriptor_, size), "truncate", path_);
}

ReadableFile::ReadableFile(FileSystem& files, int descriptor, std::string path)
    : files_(&files), descriptor_(descriptor), path_(std::move(path)) {}

ReadableFile::ReadableFile(ReadableFile&& other) noexcept
    : files_(other.files_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)) {}

ReadableFile::~ReadableFile() {
  if (descriptor_ >= 0) files_->close(descriptor_);
}

Result<ReadableFile> ReadableFile::open(FileSystem& files, std::string path) {
  const int descriptor = files.open(path, O_RDONLY);
  if (descriptor < 0) return tl::unexpected(io_error("open", path, descriptor));
  return ReadableFile(files, descriptor, std::move(path));
}

Result<std::size_t> ReadableFile::read_at(std::span<char> out, std::uint64_t offset) const {
  for (;;) {
    const std::int64_t got = files_->read_at(descriptor_, out, offset);
    if (got == -EINTR) continue;
    if (got < 0) return tl::unexpected(io_error("read", path_, got));
    return static_cast<std::size_t>(got);
  }
}

Result<bool> ReadableFile::read_all_at(std::span<char> out, std::uint64_t offset) const {
  while (!out.empty()) {
    const auto got = read_at(out, offset);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return false;
    out = out.subspan(*got);
    offset += *got;
  }
  return true;
}

void drop_from_cache(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return;
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

std::string temporary_path(const std::string& directory, const std::string& name) {
  return directory + '/' + name + ".tmp";
}

Result<void> publish(FileSystem& files, const std::string& directory, const std::string& name) {
  const std::string path = directory + '/' + name;
  const int renamed = files.rename(temporary_path(directory, name), path);
  if (renamed < 0) return tl::unexpected(io_error("rename a file to", path, renamed));
  return outcome(files.sync_directory(directory), "sync", directory);
}

Result<void> replace_file(FileSystem& files, const Replacement& replacement) {
  auto file = OutputFile::create(files, temporary_path(replacement.directory, replacement.name));
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write_at(replacement.content, 0); !written) return written;
  if (auto synced = file->sync(); !synced) return synced;
  return publish(files, replacement.directory, replacement.name);
}

Result<void> remove_file(FileSystem& files, const Removal& removal) {
  const std::string path = removal.directory + '/' + removal.name;
  const int gone = files.remove(path);
  if (gone < 0 && gone != -ENOENT) return tl::unexpected(io_error("remove", path, gone));
  return outcome(files.sync_directory(removal.directory), "sync", removal.directory);
}

}  // namespace portcullis::audit
