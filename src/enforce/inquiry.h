// What one exchange has established so far: it grows from step to step and is what gets recorded.
//
// Confined to one exchange. Lifetimes: `route`, `upstream` and `endpoint` point into `snapshot` or
// constants.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "content/content.h"
#include "enforce/request.h"
#include "enforce/snapshot.h"
#include "portcullis/types.h"

namespace portcullis {

struct Inquiry {
  std::string id;  // UUIDv7: the decision's, returned to the caller
  RequestHead head;
  std::shared_ptr<const Snapshot> snapshot;
  std::int64_t now = 0;  // seconds since 1970-01-01T00:00:00Z
  const RouteSection* route = nullptr;
  const UpstreamSection* upstream = nullptr;
  std::optional<Identified> who;  // of a refused token: only what was verified of it
  std::optional<EndpointMatch> endpoint;
  bool is_identified() const {
    return who.has_value() && who->subject.kind != SubjectKind::unresolved;
  }
};

}  // namespace portcullis
