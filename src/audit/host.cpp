#include "audit/host.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace portcullis::audit {
namespace {

struct Unsafe {
  std::uint64_t magic;
  std::string_view name;
};
// statfs(2); linux/magic.h
constexpr Unsafe unsafe[] = {
    {0x01021994, "tmpfs"},
    {0x858458f6, "ramfs"},
    {0x794c7630, "overlay"},
    {0x65735546, "fuse"},
};

}  // namespace

HostLock::HostLock(HostLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

HostLock::~HostLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<HostLock> HostLock::acquire(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return tl::unexpected(io_error("open", path, -errno));
  HostLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return tl::unexpected(io_error("lock", path, -errno));
  return failure(Cause::exists, "another process writes the audit log in " + directory);
}

Result<void> check_file_system(FileSystem& files, const std::string& directory,
                               const std::vector<std::string>& allowed) {
  FileSystemFacts facts;
  const int found = files.facts(directory, facts);
  if (found < 0) return tl::unexpected(io_error("examine", directory, found));
  for (const Unsafe& row : unsafe) {
    if (row.magic != facts.magic) continue;
    if (std::find(allowed.begin(), allowed.end(), row.name) != allowed.end()) return {};
    return failure(Cause::unsupported,
                   directory + " is on " + std::string(row.name) +
                       ", where a sync promises little; name it in audit.allow_filesystem to use "
                       "it all the same");
  }
  return {};
}

Result<std::uint64_t> free_bytes(FileSystem& files, const std::string& directory) {
  FileSystemFacts facts;
  const int found = files.facts(directory, facts);
  if (found < 0) return tl::unexpected(io_error("examine", directory, found));
  return facts.free_bytes;
}

}  // namespace portcullis::audit
