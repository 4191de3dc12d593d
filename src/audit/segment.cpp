#include "audit/segment.h"

#include <utility>

#include "audit/input.h"

namespace portcullis::audit {
namespace {

// A sync that need not change the file's length or its extents costs half. The batch that has to
// reserve waits for the zeros as well: more at once makes the slowest hundredth of commits slower
// (bench/audit_bench commit), less takes from the throughput.
constexpr std::size_t reservation_bytes = 256u << 10;

}  // namespace

Segment::Segment(FileSystem& files, std::string path, OutputFile file)
    : files_(&files), path_(std::move(path)), file_(std::move(file)) {}

Result<Segment> Segment::create(const SegmentPlace& place, std::string open_line) {
  const std::string name = segment_name(place.first_seq);
  const std::string temporary = temporary_path(place.directory, name);
  auto file = OutputFile::create(place.files, temporary);
  if (!file) return tl::unexpected(file.error());
  Segment segment(place.files, place.directory + '/' + name, *std::move(file));
  segment.size_ = open_line.size();
  open_line.append(reservation_bytes, '\0');
  segment.reserved_ = open_line.size();
  auto durable =
      segment.file_.write_at(open_line, 0).and_then([&] { return segment.file_.sync(); });
  if (!durable) return tl::unexpected(durable.error());
  const int found = place.files.identify(temporary, segment.identity_);
  if (found < 0) return tl::unexpected(io_error("stat", temporary, found));
  auto published = publish(place.files, place.directory, name);
  if (!published) return tl::unexpected(published.error());
  segment.file_.renamed_to(segment.path_);
  return segment;
}

Result<void> Segment::check_identity() {
  FileIdentity now;
  const int found = files_->identify(path_, now);
  if (found < 0) return tl::unexpected(io_error("stat", path_, found));
  if (now != identity_) {
    return failure(Cause::io, path_ + " is not the file any more that the records are written to");
  }
  return {};
}

Result<void> Segment::append(std::string& lines) {
  const std::size_t bytes = lines.size();
  if (size_ + bytes > reserved_) {
    lines.append(reservation_bytes, '\0');
    reserved_ = size_ + lines.size();
  }
  auto durable = file_.write_at(lines, size_).and_then([&] { return file_.sync(); }).and_then([&] {
    return check_identity();
  });
  size_ += bytes;
  return durable;
}

Result<void> Segment::finish(const std::string& lines) {
  auto durable = file_.write_at(lines, size_)
                     .and_then([&] { return file_.truncate(size_ + lines.size()); })
                     .and_then([&] { return file_.sync(); })
                     .and_then([&] { return check_identity(); });
  size_ += lines.size();
  return durable;
}

}  // namespace portcullis::audit
