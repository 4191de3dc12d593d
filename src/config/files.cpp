#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/config.h"

namespace portcullis {
namespace {

constexpr std::size_t secret_bytes_max = 16384;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> system_failure(const std::string& path) {
  const int error = errno;
  return failure(error == ENOENT ? Cause::not_found : Cause::io,
                 path + ": " + std::strerror(error));
}

// A line break or a NUL inside would end the header early and begin another.
Result<std::string> usable_secret(std::string secret, const std::string& source) {
  if (secret.ends_with('\n')) secret.pop_back();
  if (secret.ends_with('\r')) secret.pop_back();
  if (secret.empty()) return failure(Cause::invalid, source + " is empty");
  const bool printable = std::all_of(secret.begin(), secret.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (!printable) return failure(Cause::invalid, source + " has control characters inside");
  return secret;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return system_failure(path);
  if (!S_ISREG(status.st_mode)) return failure(Cause::invalid, path + ": not a regular file");
  std::string content;
  char buffer[65536];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(path);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) {
      return failure(Cause::limit, path + ": larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

Result<std::string> SecretReference::read() const {
  if (!file.empty()) {
    auto content = read_file(file, secret_bytes_max);
    if (!content) return content;
    return usable_secret(std::move(*content), file);
  }
  const char* value = std::getenv(env.c_str());
  if (value == nullptr) {
    return failure(Cause::not_found, "environment variable " + env + " is not set");
  }
  return usable_secret(value, "environment variable " + env);
}

}  // namespace portcullis
