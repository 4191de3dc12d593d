#include "audit/sidecar.h"

#include <optional>

#include "audit/erased.h"
#include "audit/reader.h"
#include "audit/record.h"
#include "base/encoding.h"

namespace portcullis::audit {
namespace {

std::optional<Digest> leaf_of(std::string_view line) {
  if (const auto record = parse_record(line)) return record->leaf;
  if (const auto erased = parse_erased(line)) return erased->leaf;
  return std::nullopt;
}

// Empty if the task was stopped.
Result<std::string> read_leaves(const ArchiveTask& task) {
  auto reader = SegmentReader::open(task.directory + '/' + task.segment.name);
  if (!reader) return tl::unexpected(reader.error());
  std::string leaves;
  while (!task.stop) {
    const auto line = reader->next();
    if (!line) return tl::unexpected(line.error());
    if (line->kind == Line::Kind::end) return leaves;
    const auto leaf = line->kind == Line::Kind::record ? leaf_of(line->text) : std::nullopt;
    if (!leaf) {
      return failure(Cause::invalid, task.segment.name + ", line " + std::to_string(line->number) +
                                         ", is not a record");
    }
    leaves += as_text(*leaf);
  }
  return std::string();
}

}  // namespace

std::string sidecar_name(std::uint64_t first_seq) {
  const std::string name = segment_name(first_seq);
  return name.substr(0, name.find('.')) + ".leaves";
}

Result<void> write_sidecar(FileSystem& files, const ArchiveTask& task) {
  const auto leaves = read_leaves(task);
  if (!leaves) return tl::unexpected(leaves.error());
  if (leaves->empty()) return {};
  const std::string name = sidecar_name(task.segment.first_seq);
  const std::string temporary = temporary_path(task.directory, name);
  auto file = OutputFile::create(files, temporary);
  if (!file) return tl::unexpected(file.error());
  if (auto written = file->write_at(*leaves, 0); !written) return written;
  const int renamed = files.rename(temporary, task.directory + '/' + name);
  if (renamed < 0) return tl::unexpected(io_error("rename a file to", name, renamed));
  return {};
}

}  // namespace portcullis::audit
