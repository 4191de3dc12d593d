#include "audit/log_tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "audit/file.h"
#include "audit/reader.h"
#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t chunk_bytes = 256u << 10;

}  // namespace

LogTail::LogTail(std::string directory, RecordFilter filter, const LogPosition& start)
    : directory_(std::move(directory)), filter_(std::move(filter)), at_(start) {}

LogTail::~LogTail() { close(); }

void LogTail::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  buffer_.clear();
}

// false: the segment is not there, or not uncompressed. An open one is still read to its end.
bool LogTail::reopen_if_replaced() {
  const std::string path = directory_ + '/' + segment_name(at_.segment);
  struct stat now {};
  struct stat held {};
  if (::stat(path.c_str(), &now) != 0) return descriptor_ >= 0;
  const bool same = descriptor_ >= 0 && ::fstat(descriptor_, &held) == 0 &&
                    held.st_ino == now.st_ino && held.st_dev == now.st_dev;
  if (same) return true;
  close();
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  return descriptor_ >= 0;
}

Visit LogTail::take_lines(const RecordVisitor& visitor) {
  const std::string path = directory_ + '/' + segment_name(at_.segment);
  std::size_t taken = 0;
  Visit visit = Visit::go_on;
  while (visit == Visit::go_on) {
    const std::size_t feed = buffer_.find('\n', taken);
    if (feed == std::string::npos || buffer_[taken] == '\0') break;
    const std::string_view text = std::string_view(buffer_).substr(taken, feed - taken);
    const Match match = visit_line({path, ++at_.lines, at_.offset, text}, filter_, visitor);
    if (match == Match::stopped) visit = Visit::stop;
    at_.offset += text.size() + 1;
    taken = feed + 1;
  }
  buffer_.erase(0, taken);
  return visit;
}

Result<Visit> LogTail::read_new(const RecordVisitor& visitor) {
  if (!reopen_if_replaced()) return read_compressed(visitor);
  // What was read of an incomplete line may have been rewritten since.
  buffer_.clear();
  for (;;) {
    const std::size_t had = buffer_.size();
    buffer_.resize(had + chunk_bytes);
    const ssize_t got = ::pread(descriptor_, buffer_.data() + had, chunk_bytes,
                                static_cast<off_t>(at_.offset + had));
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(io_error("read", directory_, -errno));
    if (take_lines(visitor) == Visit::stop) return Visit::stop;
    const bool unwritten = !buffer_.empty() && buffer_.front() == '\0';
    if (got == 0 || unwritten || buffer_.size() > line_bytes_max) return Visit::go_on;
  }
}

Result<Visit> LogTail::read_compressed(const RecordVisitor& visitor) {
  const std::string path = directory_ + '/' + segment_name(at_.segment) + ".zst";
  auto reader = SegmentReader::open(path);
  if (!reader) return Visit::go_on;
  for (;;) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind != Line::Kind::record) return Visit::go_on;
    if (line->offset < at_.offset) continue;
    at_.lines = line->number;
    at_.offset = line->offset + line->text.size() + 1;
    const Match match =
        visit_line({path, line->number, line->offset, line->text}, filter_, visitor);
    if (match == Match::stopped) return Visit::stop;
  }
}

Result<Visit> LogTail::poll(const RecordVisitor& visitor) {
  for (;;) {
    // The next segment appears only when this one is complete: so look for it first.
    const auto segments = list_segments(directory_);
    if (!segments) return tl::unexpected(segments.error());
    const auto visit = read_new(visitor);
    if (!visit || *visit == Visit::stop) return visit;
    const auto next =
        std::find_if(segments->begin(), segments->end(),
                     [&](const SegmentName& segment) { return segment.first_seq > at_.segment; });
    if (next == segments->end()) return Visit::go_on;
    close();
    at_ = {next->first_seq, 0, 0};
  }
}

}  // namespace portcullis::audit
