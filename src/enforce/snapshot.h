// Everything that a request reads besides its own bytes: one immutable value, swapped whole.
//
// Thread-safety: immutable; shared by reference count. A request takes one at its start and keeps
// it, so a reload never changes a decision half-way. Errors of loading: all of them at once.
#pragma once

#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "config/config.h"
#include "portcullis/classify.h"
#include "portcullis/identity.h"
#include "portcullis/policy.h"

namespace portcullis {

struct Snapshot {
  std::shared_ptr<const Config> config;
  IdentityRules identity;
  std::shared_ptr<const PolicySet> policy;
  std::shared_ptr<const Classifier> classifier;
  std::shared_ptr<const Directory> directory;  // nullptr: none is configured
  std::int64_t directory_time = 0;             // when its file was last written, Unix seconds
  std::vector<IssuerKeys> keys;                // in the order of identity.issuers
  Digest config_digest{};                      // SHA-256 of the configuration's bytes

  const UpstreamSection* find_upstream(std::string_view name) const;
};

// Reads and compiles everything that the configuration names. Issuers without a jwks_file start
// without keys. Reads files; opens nothing else.
tl::expected<std::shared_ptr<const Snapshot>, ConfigErrors> load_snapshot(
    std::shared_ptr<const Config> config);

}  // namespace portcullis
