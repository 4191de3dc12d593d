#include "audit/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "audit/file.h"
#include "audit/input.h"

namespace portcullis::audit {
namespace {

constexpr int window_log_max = 23;
constexpr std::size_t compressed_chunk_bytes = 128u << 10;
constexpr std::size_t frame_start_bytes = 5;  // magic number and descriptor

class FileSource final : public SegmentSource {
 public:
  FileSource(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(descriptor_); }

  Result<std::size_t> read(std::span<char> out) override {
    ssize_t got = 0;
    do {
      got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(position_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return tl::unexpected(io_error("read", path_, -errno));
    position_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  std::uint64_t file_bytes_read() const override { return position_; }
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
  std::uint64_t position_ = 0;
};

struct ContextDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdSource final : public SegmentSource {
 public:
  explicit ZstdSource(std::unique_ptr<FileSource> file)
      : file_(std::move(file)), context_(ZSTD_createDCtx()), chunk_(compressed_chunk_bytes) {
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log_max);
  }

  Result<std::size_t> read(std::span<char> out) override {
    ZSTD_outBuffer output = {out.data(), out.size(), 0};
    while (output.pos < output.size && !ended_) {
      if (auto filled = fill(); !filled) return tl::unexpected(filled.error());
      const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_isError(left) != 0) return damaged(ZSTD_getErrorName(left));
      if (left > 0) continue;
      ended_ = true;
      if (auto last = check_end(); !last) return tl::unexpected(last.error());
    }
    return output.pos;
  }
  std::uint64_t file_bytes_read() const override { return file_->file_bytes_read(); }

 private:
  tl::unexpected<Error> damaged(const std::string& what) const {
    return failure(Cause::invalid, file_->path() + ": the compressed segment is damaged: " + what);
  }

  Result<void> fill() {
    if (input_.pos < input_.size) return {};
    std::size_t size = 0;
    while (size < frame_start_bytes) {
      const auto got = file_->read(std::span(chunk_).subspan(size));
      if (!got) return tl::unexpected(got.error());
      if (*got == 0) break;
      size += *got;
    }
    if (size == 0) return damaged("it ends too early");
    input_ = {chunk_.data(), size, 0};
    return std::exchange(started_, true) ? Result<void>() : check_start(size);
  }

  // Bits of the descriptor that do not change the content may not be left to whoever changes them.
  Result<void> check_start(std::size_t size) const {
    if (size < frame_start_bytes) return damaged("it ends too early");
    const auto descriptor = static_cast<std::uint8_t>(chunk_[frame_start_bytes - 1]);
    const bool has_size = (descriptor & 0xE0) != 0;
    const bool has_checksum = (descriptor & 0x04) != 0;
    const bool plain = (descriptor & 0x1B) == 0;  // no dictionary, no unused or reserved bit
    if (!has_size || !has_checksum || !plain) {
      return damaged("not one frame with content size and checksum");
    }
    return {};
  }

  Result<void> check_end() {
    char more = 0;
    const auto got = file_->read({&more, 1});
    if (!got) return tl::unexpected(got.error());
    if (*got > 0 || input_.pos < input_.size) return damaged("bytes follow the frame");
    return {};
  }

  std::unique_ptr<FileSource> file_;
  std::unique_ptr<ZSTD_DCtx, ContextDeleter> context_;
  std::vector<char> chunk_;
  ZSTD_inBuffer input_ = {nullptr, 0, 0};  // of chunk_
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<SegmentSource>> open_segment_source(const std::string& path) {
  // Not blocking: a pipe of that name would never be opened.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    const Cause cause = errno == ENOENT ? Cause::not_found : Cause::io;
    return failure(cause, io_error("open", path, -errno).message);
  }
  auto file = std::make_unique<FileSource>(descriptor, path);
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return failure(Cause::io, path + " is not a regular file");
  }
  if (!is_compressed(path)) return file;
  return std::make_unique<ZstdSource>(std::move(file));
}

}  // namespace portcullis::audit
