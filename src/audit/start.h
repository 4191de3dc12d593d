// From options to a Writer: keys loaded, stream recovered and continued, or begun.
//
// Single-threaded; the directory's HostLock must be held. Errors: a refusal to start, which a
// second try does not change.
#pragma once

#include <memory>

#include "audit/environment.h"
#include "audit/escrow.h"
#include "audit/writer.h"
#include "portcullis/audit.h"

namespace portcullis::audit {

// What a log needs besides its directory.
struct Secrets {
  SigningKey signing;
  EscrowPublicKey escrow;
  Digest evidence{};
  std::optional<PublicKey> approver;
};
Result<Secrets> load_secrets(const AuditOptions& options);

WriterOptions writer_options(const AuditOptions& options);

Result<std::unique_ptr<Writer>> start_writer(const AuditOptions& options, Secrets secrets,
                                             const Environment& environment);

}  // namespace portcullis::audit
