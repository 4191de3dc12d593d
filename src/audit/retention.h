// Carrying out an approval: first the `retention` record, durable, then the files.
//
// The daemon must be stopped: the directory's lock is taken. Every step can be repeated, and after
// a crash at any of them the same call with the same approval finishes without a second record.
// Files are never changed in place: temporary file, sync, rename, directory sync, then unlink. An
// erased or shortened segment is written uncompressed; its `.zst` goes. What an unlinked file
// leaves on an SSD or in a snapshot is beyond reach.
//
// Errors: Cause::invalid for an approval that the rules forbid, Cause::untrusted for one by another
// key or of another log, and for a log that contradicts itself, Cause::exists while the daemon
// runs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/approval.h"
#include "audit/environment.h"
#include "audit/retention_plan.h"
#include "portcullis/audit.h"
#include "portcullis/result.h"

namespace portcullis::audit {

struct RetentionWork {
  std::uint64_t files_removed = 0;
  std::uint64_t files_rewritten = 0;
};

struct Retained {
  Approval approval;
  RetentionPlan plan;         // empty if the record was there already
  bool was_recorded = false;  // by an earlier run, which did not finish or finished long ago
  RetentionWork work;
};

// `options` as the daemon opens the log.
Result<Retained> retain(const AuditOptions& options, std::string_view note,
                        const Environment& environment);

// The last part of it: for an approval that the log has recorded.
Result<RetentionWork> apply_retention(FileSystem& files, const std::string& directory,
                                      const Approval& approval);

}  // namespace portcullis::audit
