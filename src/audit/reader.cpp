#include "audit/reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "audit/file.h"
#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t chunk_bytes = 256u << 10;

}  // namespace

SegmentReader::SegmentReader(int descriptor, std::string path)
    : descriptor_(descriptor), path_(std::move(path)) {}

SegmentReader::SegmentReader(SegmentReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      buffer_(std::move(other.buffer_)),
      position_(other.position_),
      offset_(other.offset_),
      read_to_(other.read_to_),
      number_(other.number_),
      end_(other.end_) {}

SegmentReader::~SegmentReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<SegmentReader> SegmentReader::open(std::string path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(io_error("open", path, -errno));
  return SegmentReader(descriptor, std::move(path));
}

Result<bool> SegmentReader::fill() {
  if (end_) return false;
  buffer_.erase(0, position_);
  position_ = 0;
  const std::size_t old_size = buffer_.size();
  buffer_.resize(old_size + chunk_bytes);
  ssize_t got = 0;
  do {
    got =
        ::pread(descriptor_, buffer_.data() + old_size, chunk_bytes, static_cast<off_t>(read_to_));
  } while (got < 0 && errno == EINTR);
  buffer_.resize(old_size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got < 0) return tl::unexpected(io_error("read", path_, -errno));
  read_to_ += static_cast<std::uint64_t>(got);
  end_ = got == 0;
  return !end_;
}

Line SegmentReader::take(Line::Kind kind, std::size_t bytes, std::size_t line_feed) {
  const Line line{kind, rest().substr(0, bytes), ++number_, offset_};
  position_ += bytes + line_feed;
  offset_ += bytes + line_feed;
  return line;
}

Result<Line> SegmentReader::skip_unwritten() {
  const Line line{Line::Kind::unwritten, {}, number_ + 1, offset_};
  for (;;) {
    const std::size_t run = std::min(rest().find_first_not_of('\0'), rest().size());
    position_ += run;
    offset_ += run;
    if (!rest().empty()) return line;
    const auto more = fill();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return line;
  }
}

Result<Line> SegmentReader::skip_too_long() {
  const Line line{Line::Kind::too_long, {}, ++number_, offset_};
  for (;;) {
    const std::size_t feed = rest().find('\n');
    const std::size_t skip = feed == std::string_view::npos ? rest().size() : feed + 1;
    position_ += skip;
    offset_ += skip;
    if (feed != std::string_view::npos) return line;
    const auto more = fill();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return line;
  }
}

Result<Line> SegmentReader::next() {
  std::size_t searched = 0;
  for (;;) {
    if (!rest().empty() && rest().front() == '\0') return skip_unwritten();
    const std::size_t feed = rest().find('\n', searched);
    if (std::min(feed, rest().size()) > line_bytes_max) return skip_too_long();
    if (feed != std::string_view::npos) return take(Line::Kind::record, feed, 1);
    searched = rest().size();
    const auto more = fill();
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
  }
  if (rest().empty()) return Line{Line::Kind::end, {}, number_ + 1, offset_};
  return take(Line::Kind::torn, rest().size(), 0);
}

}  // namespace portcullis::audit
