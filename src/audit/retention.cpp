#include "audit/retention.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/erased.h"
#include "audit/host.h"
#include "audit/input.h"
#include "audit/lookup.h"
#include "audit/reader.h"
#include "audit/record.h"

namespace portcullis::audit {
namespace {

constexpr std::size_t write_bytes = 1u << 20;
constexpr std::size_t head_bytes_max = 512;  // of a record, before its members

// The work on one directory. Every file name begins with a segment's 20 digits.
class Pruner {
 public:
  Pruner(FileSystem& files, const std::string& directory, const Approval& approval)
      : files_(files), directory_(directory), approval_(approval) {}

  Result<RetentionWork> run() {
    const auto segments = list_segments(directory_);
    if (!segments) return tl::unexpected(segments.error());
    // INVARIANT: the last segment, which may be the one that is written next, is not touched.
    for (std::size_t i = 0; i + 1 < segments->size(); ++i) {
      const SegmentName& segment = (*segments)[i];
      const std::uint64_t end = (*segments)[i + 1].first_seq;
      if (auto done = prune(segment, end); !done) return tl::unexpected(done.error());
    }
    if (const int synced = files_.sync_directory(directory_); synced < 0) {
      return tl::unexpected(io_error("sync", directory_, synced));
    }
    return work_;
  }

 private:
  Result<void> prune(const SegmentName& segment, std::uint64_t end) {
    if (any_contains(approval_.drop, std::max<std::uint64_t>(segment.first_seq, 1))) {
      if (segment.first_seq > 0) return remove_all(segment, Keep::nothing);
      return rewrite(segment, Lines::first, Keep::segment);
    }
    const bool erases = std::any_of(
        approval_.erase.begin(), approval_.erase.end(),
        [&](const SeqRange& r) { return r.first < end && segment.first_seq <= r.last; });
    return erases ? rewrite(segment, Lines::all, Keep::segment_and_leaves) : Result<void>();
  }

  enum class Lines : std::uint8_t { first, all };
  enum class Keep : std::uint8_t { nothing, segment, segment_and_leaves, all };

  // Writes the segment anew, unless it is as it must be.
  Result<void> rewrite(const SegmentName& segment, Lines lines, Keep keep_files) {
    const std::string name = segment_name(segment.first_seq);
    auto reader = SegmentReader::open(directory_ + '/' + segment.name);
    if (!reader) return tl::unexpected(reader.error());
    auto out = OutputFile::create(files_, temporary_path(directory_, name));
    if (!out) return tl::unexpected(out.error());
    bool changed = false;
    std::string buffer;
    std::uint64_t written = 0;
    for (;;) {
      const auto line = reader->next();
      if (!line) return tl::unexpected(line.error());
      const bool end = line->kind == Line::Kind::end;
      const bool beyond = lines == Lines::first && line->number > 1;
      if (!end && !beyond) {
        auto kept = keep(*line, buffer);
        if (!kept) return tl::unexpected(kept.error());
        changed = changed || *kept == Kept::erased;
      }
      if (end || beyond || buffer.size() >= write_bytes) {
        if (auto put = out->write_at(buffer, written); !put) return put;
        written += buffer.size();
        buffer.clear();
      }
      changed = changed || (beyond && !end);
      if (end || beyond) break;
    }
    if (changed) {
      ++work_.files_rewritten;
      auto published = out->sync().and_then([&] { return publish(files_, directory_, name); });
      if (!published) return published;
    }
    const bool is_compressed = !changed && segment.name != name;
    return remove_all(segment, is_compressed ? Keep::all : keep_files);
  }

  enum class Kept : std::uint8_t { as_it_is, erased };

  Result<Kept> keep(const Line& line, std::string& out) const {
    const auto record = line.kind == Line::Kind::record ? parse_record(line.text)
                                                        : failure(Cause::untrusted, "no record");
    const bool erased_before = line.kind == Line::Kind::record && parse_erased(line.text);
    if (!record && !erased_before) {
      return failure(Cause::untrusted, "line " + std::to_string(line.number) +
                                           " of a segment is damaged: run portcullis audit verify");
    }
    if (erased_before || !any_contains(approval_.erase, record->head.seq)) {
      out.append(line.text) += '\n';
      return Kept::as_it_is;
    }
    const ErasedRecord erased{record->head.seq, sha256(record->body), record->leaf, record->mac};
    if (leaf_hash(erased.hash, erased.mac) != erased.leaf) {
      return failure(Cause::untrusted, "record " + std::to_string(erased.seq) +
                                           " is damaged: run portcullis audit verify");
    }
    out += erased_line(erased);
    return Kept::erased;
  }

  // Temporary files of this or another tool can hold what is to go, too.
  Result<void> remove_all(const SegmentName& segment, Keep keep_files) {
    const std::string plain = segment_name(segment.first_seq);
    std::vector<std::string> paths = {temporary_path(directory_, plain),
                                      temporary_path(directory_, plain + ".zst")};
    const std::string file = directory_ + '/' + plain;
    if (keep_files != Keep::all) paths.push_back(file + ".zst");
    const bool leaves = keep_files == Keep::segment_and_leaves || keep_files == Keep::all;
    if (!leaves) paths.push_back(file.substr(0, file.rfind('.')) + ".leaves");
    if (keep_files == Keep::nothing) paths.push_back(file);
    for (const std::string& path : paths) {
      if (auto removed = remove(path); !removed) return removed;
    }
    return {};
  }

  Result<void> remove(const std::string& path) {
    const int removed = files_.remove(path);
    if (removed == -ENOENT) return {};
    if (removed < 0) return tl::unexpected(io_error("remove", path, removed));
    ++work_.files_removed;
    return {};
  }

  FileSystem& files_;
  const std::string& directory_;
  const Approval& approval_;
  RetentionWork work_;
};

struct Permission {
  Approval approval;
  PublicKey approver{};
};

Result<Permission> check_permission(const std::string& directory, std::string_view note) {
  const auto facts = read_stream_facts(directory);
  if (!facts) return tl::unexpected(facts.error());
  if (!facts->approver) {
    return failure(Cause::untrusted,
                   "this log names no approver: nothing can be approved for it. The approver's key "
                   "is set in the configuration before a log is begun");
  }
  auto approval = open_approval(note, *facts->approver);
  if (!approval) return tl::unexpected(approval.error());
  if (approval->origin != facts->origin) {
    return failure(Cause::untrusted, "the approval is for another log, " + approval->origin +
                                         "; this one is " + facts->origin);
  }
  return Permission{*std::move(approval), *facts->approver};
}

// Opening a log recovers it, and closing it seals it: what it holds is then durable.
Result<void> commit(const AuditOptions& options, const Environment& environment,
                    const std::optional<std::string>& members) {
  auto log = AuditLog::open(options, {}, environment);
  if (!log) return tl::unexpected(log.error());
  if (members) {
    const auto receipt = (*log)->commit(Draft(RecordType::retention, *members));
    if (!receipt) return tl::unexpected(receipt.error());
  }
  return (*log)->close();
}

// The record, unless the log has it. What is read of an unsealed segment may not be on the disk.
Result<void> record(const AuditOptions& options, std::string_view note, const PublicKey& approver,
                    const Environment& environment, Retained& out) {
  std::optional<std::string> members;
  {
    const auto lock = HostLock::acquire(options.directory);
    if (!lock) return tl::unexpected(lock.error());
    const auto found = find_retention(options.directory, note);
    if (!found) return tl::unexpected(found.error());
    const auto segments = list_segments(options.directory);
    if (!segments) return tl::unexpected(segments.error());
    out.was_recorded = found->has_value();
    if (out.was_recorded && **found != segments->back().first_seq) return {};
    if (!out.was_recorded) {
      auto plan = plan_retention(options.directory, out.approval, approver);
      if (!plan) return tl::unexpected(plan.error());
      out.plan = *std::move(plan);
      members = retention_members(note, out.plan);
      if (members->size() + head_bytes_max > options.record_bytes_max) {
        return failure(Cause::limit, "the approval is too large for one record: make several");
      }
    }
  }
  return commit(options, environment, members);
}

}  // namespace

Result<RetentionWork> apply_retention(FileSystem& files, const std::string& directory,
                                      const Approval& approval) {
  return Pruner(files, directory, approval).run();
}

Result<Retained> retain(const AuditOptions& options, std::string_view note,
                        const Environment& environment) {
  auto permission = check_permission(options.directory, note);
  if (!permission) return tl::unexpected(permission.error());
  Retained out;
  out.approval = std::move(permission->approval);
  auto recorded = record(options, note, permission->approver, environment, out);
  if (!recorded) return tl::unexpected(recorded.error());
  const auto lock = HostLock::acquire(options.directory);
  if (!lock) return tl::unexpected(lock.error());
  const auto work = apply_retention(environment.files, options.directory, out.approval);
  if (!work) return tl::unexpected(work.error());
  out.work = *work;
  return out;
}

}  // namespace portcullis::audit
