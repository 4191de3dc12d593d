// What the host must offer before a log is opened: one writer, a disk whose sync means something,
// room.
//
// HostLock is held for the life of the log. Safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audit/file.h"
#include "portcullis/result.h"

namespace portcullis::audit {

// An exclusive flock(2) on DIRECTORY/lock. Cause::exists if another process or log holds it.
class HostLock {
 public:
  static Result<HostLock> acquire(const std::string& directory);
  HostLock(HostLock&& other) noexcept;
  HostLock& operator=(HostLock&&) = delete;
  HostLock(const HostLock&) = delete;
  HostLock& operator=(const HostLock&) = delete;
  ~HostLock();

 private:
  explicit HostLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Cause::unsupported where fdatasync promises nothing (tmpfs, overlay, fuse), unless allowed.
Result<void> check_file_system(FileSystem& files, const std::string& directory,
                               const std::vector<std::string>& allowed);

// Of the file system that holds `directory`.
Result<std::uint64_t> free_bytes(FileSystem& files, const std::string& directory);

}  // namespace portcullis::audit
