// What anchors the audit log of this daemon: the configured authority and witnesses, wired to it.
//
// load() only reads, and is what `portcullis check` checks. find_rollback(), start() and finish()
// belong to the thread that runs the server; status() to any. The log must outlive it from start()
// on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/time_stamp.h"
#include "config/config.h"
#include "net/anchor_keeper.h"
#include "net/anchor_witness.h"
#include "portcullis/audit.h"

namespace portcullis {

class Anchors {
 public:
  // The configuration must outlive it.
  static Result<std::unique_ptr<Anchors>> load(const Config& config);

  // Asks the witnesses, together for a bounded time, whether the directory still holds what they
  // cosigned: with the note that was signed last, so that nothing new is signed before it is known.
  // Why the stream was rolled back or forked; nullopt if no witness says so: one that cannot be
  // asked is logged. Before the log is opened.
  std::optional<std::string> find_rollback() const;

  void start(AuditLog& log);
  void finish();
  std::vector<AnchorStatus> status() const;

 private:
  explicit Anchors(const Config& config) : config_(config) {}
  std::vector<AnchorTarget> targets();

  const Config& config_;
  std::optional<audit::TimeStampAuthorities> authorities_;
  std::vector<WitnessClient> witnesses_;
  std::unique_ptr<AnchorKeeper> keeper_;
};

}  // namespace portcullis
