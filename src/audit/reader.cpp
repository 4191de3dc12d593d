#include "audit/reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t chunk_bytes = 256u << 10;

}  // namespace

SegmentReader::SegmentReader(std::unique_ptr<SegmentSource> source)
    : source_(std::move(source)), buffer_(2 * chunk_bytes) {}

Result<SegmentReader> SegmentReader::open(const std::string& path) {
  auto source = open_segment_source(path);
  if (!source) return tl::unexpected(source.error());
  return SegmentReader(*std::move(source));
}

Result<bool> SegmentReader::fill() {
  if (at_end_) return false;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() - end_ < chunk_bytes) buffer_.resize(end_ + 2 * chunk_bytes);
  const auto got = source_->read({buffer_.data() + end_, chunk_bytes});
  at_end_ = !got || *got == 0;
  if (!got) return tl::unexpected(got.error());
  end_ += *got;
  return !at_end_;
}

void SegmentReader::skip(std::size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
}

Line SegmentReader::take(Line::Kind kind, std::size_t bytes, std::size_t line_feed) {
  const Line line{kind, rest().substr(0, bytes), ++number_, offset_};
  skip(bytes + line_feed);
  return line;
}

Result<Line> SegmentReader::skip_unwritten() {
  const Line line{Line::Kind::unwritten, {}, number_ + 1, offset_};
  for (;;) {
    skip(std::min(rest().find_first_not_of('\0'), rest().size()));
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
    skip(feed == std::string_view::npos ? rest().size() : feed + 1);
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
    if (std::min(feed, rest().size()) > line_bytes_max) {
      // What a write tore off ends where space begins that was reserved and never written.
      const std::size_t unwritten = rest().substr(0, line_bytes_max).find('\0');
      if (unwritten != std::string_view::npos) return take(Line::Kind::torn, unwritten, 0);
      return skip_too_long();
    }
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
