// What the audit log takes from the world, so that tests can give it another one.
//
// Plain references; both must outlive the AuditLog and be safe from any thread.
#pragma once

#include "audit/file.h"
#include "base/clock.h"

namespace portcullis::audit {

struct Environment {
  FileSystem& files;
  const Clock& clock;
};

}  // namespace portcullis::audit
