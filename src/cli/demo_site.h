// The files of a demo deployment: configuration, keys, people, policy, and a directory for the log.
//
// What is there already stays, so that a second run continues the same log and a reader may edit
// the policy.
#pragma once

#include <cstdint>
#include <string>

#include "identity/jws_sign.h"
#include "portcullis/result.h"

namespace portcullis::cli {

struct DemoSite {
  std::string directory;
  std::uint16_t issuer_port = 0;
  std::uint16_t model_port = 0;
  std::uint16_t port = 0;  // of the daemon; 0: any
  std::string config_file() const { return directory + "/portcullis.yaml"; }
  std::string audit_directory() const { return directory + "/audit"; }
  std::string keys_directory() const { return directory + "/keys"; }
  std::string issuer() const { return "http://127.0.0.1:" + std::to_string(issuer_port); }
};

Result<void> write_site(const DemoSite& site);

// Who is behind a demo token. Lifetimes in seconds; a negative one has passed already.
struct DemoToken {
  std::string subject = "f3a9-anna";
  std::string audience = "portcullis";
  std::int64_t lifetime_s = 8 * 3600;
  bool service_account = false;
};
std::string make_token(const DemoSite& site, const DemoToken& token, const JwsSigningKey& key);

}  // namespace portcullis::cli
