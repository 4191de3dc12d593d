// Everything that the audit log does to a disk, behind one seam at which tests inject faults.
//
// Safe from any thread (FileSystem); an OutputFile belongs to one. Lifetimes: the FileSystem must
// outlive its files. Errors: Cause::io with the path and the system's reason; nothing is retried
// but an interrupted write that wrote nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "portcullis/result.h"

namespace portcullis::audit {

// What tells one file from another.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct FileSystemFacts {
  std::uint64_t magic = 0;  // statfs(2) f_type
  std::uint64_t free_bytes = 0;
};

// System calls, with a negative errno for failure.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int open(const std::string& path, int flags) = 0;  // new files get mode 0600
  virtual std::int64_t write_at(int file, std::string_view data, std::uint64_t offset) = 0;
  virtual std::int64_t read_at(int file, std::span<char> out, std::uint64_t offset) = 0;
  virtual int sync(int file) = 0;  // fdatasync(2)
  virtual int truncate(int file, std::uint64_t size) = 0;
  virtual int close(int file) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& path) = 0;          // unlink(2)
  virtual int make_directory(const std::string& path) = 0;  // mode 0700
  virtual int sync_directory(const std::string& path) = 0;
  virtual int identify(const std::string& path, FileIdentity& out) = 0;
  virtual int facts(const std::string& path, FileSystemFacts& out) = 0;
};
FileSystem& real_file_system();

class OutputFile {
 public:
  // Creates the file, or empties it if it exists.
  static Result<OutputFile> create(FileSystem& files, std::string path);
  // Opens an existing file without changing it.
  static Result<OutputFile> existing(FileSystem& files, std::string path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  Result<void> write_at(std::string_view data, std::uint64_t offset);  // all of it
  Result<void> sync();
  Result<void> truncate(std::uint64_t size);
  void renamed_to(std::string path) { path_ = std::move(path); }  // for what errors say

 private:
  OutputFile(FileSystem& files, int descriptor, std::string path);
  FileSystem* files_;
  int descriptor_;  // -1: moved from
  std::string path_;
};

class ReadableFile {
 public:
  static Result<ReadableFile> open(FileSystem& files, std::string path);
  ReadableFile(ReadableFile&& other) noexcept;
  ReadableFile& operator=(ReadableFile&&) = delete;
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;
  ~ReadableFile();

  // How many bytes; 0 at the end of the file.
  Result<std::size_t> read_at(std::span<char> out, std::uint64_t offset) const;
  // false: the file ends before `out` is full.
  Result<bool> read_all_at(std::span<char> out, std::uint64_t offset) const;

 private:
  ReadableFile(FileSystem& files, int descriptor, std::string path);
  FileSystem* files_;
  int descriptor_;  // -1: moved from
  std::string path_;
};

Error io_error(std::string_view action, const std::string& path, std::int64_t negative_errno);

// `directory`/`name` is either what it was or `content`, whatever happens; durable on return.
struct Replacement {
  std::string directory;
  std::string name;
  std::string_view content;
};
Result<void> replace_file(FileSystem& files, const Replacement& replacement);
// The last two steps of it, for a temporary file that is already durable.
Result<void> publish(FileSystem& files, const std::string& directory, const std::string& name);
// Durable on return. A file that is not there is good.
struct Removal {
  std::string directory;
  std::string name;
};
Result<void> remove_file(FileSystem& files, const Removal& removal);
// Lets go of a durable file's pages in the page cache, so that a log that grows does not push out
// what others read. Only advice: posix_fadvise(2), POSIX_FADV_DONTNEED.
void drop_from_cache(const std::string& path);
// The name under which a file is written before it is published.
std::string temporary_path(const std::string& directory, const std::string& name);

}  // namespace portcullis::audit
