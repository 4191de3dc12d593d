#include "audit/compress.h"

#include <fcntl.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace portcullis::audit {
namespace {

constexpr int level = 3;
constexpr std::size_t chunk_bytes = 1u << 20;
// Synced in small pieces, so that a commit never waits for a large one on the same disk.
constexpr std::uint64_t sync_every_bytes = 4u << 20;

struct CompressorDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct DecompressorDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

tl::unexpected<Error> zstd_failure(const std::string& path, std::size_t code) {
  return failure(Cause::internal, path + ": " + ZSTD_getErrorName(code));
}

// Writes what is compressed from the chunks of one segment.
class FrameWriter {
 public:
  FrameWriter(OutputFile file, std::string path)
      : file_(std::move(file)), path_(std::move(path)), context_(ZSTD_createCCtx()) {}

  Result<void> begin(std::uint64_t content_bytes) {
    if (context_ == nullptr) return failure(Cause::internal, "no memory for compression");
    for (const std::size_t code :
         {ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level),
          ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1),
          ZSTD_CCtx_setPledgedSrcSize(context_.get(), content_bytes)}) {
      if (ZSTD_isError(code) != 0) return zstd_failure(path_, code);
    }
    return {};
  }

  Result<void> add(std::string_view chunk) { return run(chunk, ZSTD_e_continue); }

  Result<void> finish() {
    return run({}, ZSTD_e_end).and_then([&] { return file_.sync(); });
  }

 private:
  Result<void> run(std::string_view chunk, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{chunk.data(), chunk.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const std::size_t rest = ZSTD_compressStream2(context_.get(), &out, &in, directive);
      if (ZSTD_isError(rest) != 0) return zstd_failure(path_, rest);
      if (auto written = write({buffer_.data(), out.pos}); !written) return written;
      const bool done = directive == ZSTD_e_end ? rest == 0 : in.pos == in.size;
      if (done) return {};
    }
  }

  Result<void> write(std::string_view part) {
    if (auto written = file_.write_at(part, bytes_); !written) return written;
    bytes_ += part.size();
    if (bytes_ - synced_ < sync_every_bytes) return {};
    synced_ = bytes_;
    return file_.sync();
  }

  OutputFile file_;
  std::string path_;
  std::unique_ptr<ZSTD_CCtx, CompressorDeleter> context_;
  std::vector<char> buffer_ = std::vector<char>(chunk_bytes);
  std::uint64_t bytes_ = 0;
  std::uint64_t synced_ = 0;
};

Result<std::uint64_t> size_of(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return failure(Cause::io, "cannot stat " + path + ": " + error.message());
  return bytes;
}

// false: stopped before the end.
Result<bool> write_frame(FileSystem& files, const ArchiveTask& task, const std::string& path,
                         const std::string& temporary) {
  auto segment = ReadableFile::open(files, path);
  if (!segment) return tl::unexpected(segment.error());
  const auto bytes = size_of(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = OutputFile::create(files, temporary);
  if (!file) return tl::unexpected(file.error());
  FrameWriter frame(*std::move(file), temporary);
  if (auto begun = frame.begin(*bytes); !begun) return tl::unexpected(begun.error());
  std::vector<char> chunk(chunk_bytes);
  for (std::uint64_t done = 0; done < *bytes && !task.stop;) {
    const auto got = segment->read_at(chunk, done);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return failure(Cause::io, path + " became shorter while it was compressed");
    if (auto added = frame.add({chunk.data(), *got}); !added) return tl::unexpected(added.error());
    done += *got;
  }
  if (task.stop) return false;
  if (auto finished = frame.finish(); !finished) return tl::unexpected(finished.error());
  return true;
}

// Whether the frame gives the segment's bytes back, all of them and no more.
Result<bool> is_faithful(FileSystem& files, const std::string& path, const std::string& temporary) {
  auto segment = ReadableFile::open(files, path);
  if (!segment) return tl::unexpected(segment.error());
  auto frame = ReadableFile::open(files, temporary);
  if (!frame) return tl::unexpected(frame.error());
  const std::unique_ptr<ZSTD_DCtx, DecompressorDeleter> context(ZSTD_createDCtx());
  if (context == nullptr) return failure(Cause::internal, "no memory for decompression");
  std::vector<char> compressed(chunk_bytes);
  std::vector<char> plain(chunk_bytes);
  std::vector<char> original(chunk_bytes);
  std::uint64_t done = 0;
  std::size_t rest = 1;
  for (std::uint64_t at = 0;;) {
    const auto got = frame->read_at(compressed, at);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    at += *got;
    for (ZSTD_inBuffer in{compressed.data(), *got, 0}; in.pos < in.size;) {
      ZSTD_outBuffer out{plain.data(), plain.size(), 0};
      rest = ZSTD_decompressStream(context.get(), &out, &in);
      if (ZSTD_isError(rest) != 0) return false;
      const auto same = segment->read_all_at({original.data(), out.pos}, done);
      if (!same) return tl::unexpected(same.error());
      if (!*same || !std::equal(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(out.pos),
                                original.begin())) {
        return false;
      }
      done += out.pos;
    }
  }
  const auto bytes = size_of(path);
  if (!bytes) return tl::unexpected(bytes.error());
  return rest == 0 && done == *bytes;
}

}  // namespace

Result<void> compress_segment(FileSystem& files, const ArchiveTask& task) {
  const std::string path = task.directory + '/' + task.segment.name;
  const std::string name = compressed_segment_name(task.segment.first_seq);
  const std::string temporary = temporary_path(task.directory, name);
  const auto written = write_frame(files, task, path, temporary);
  if (!written) return tl::unexpected(written.error());
  if (!*written) return remove_file(files, {task.directory, name + ".tmp"});
  const auto faithful = is_faithful(files, path, temporary);
  if (!faithful) return tl::unexpected(faithful.error());
  if (!*faithful) return failure(Cause::io, temporary + " does not give the segment's bytes back");
  return publish(files, task.directory, name).and_then([&] {
    return remove_file(files, {task.directory, task.segment.name});
  });
}

}  // namespace portcullis::audit
