// A time-stamp authority for tests, of OpenSSL's own TS responder: a root, a certificate under it,
// and answers at a time of the test's choosing. Single-threaded.
#pragma once

#include <memory>
#include <string>

#include "base/encoding.h"

namespace portcullis::audit {

struct AuthorityOptions {
  const char* extended_key_usage = "critical,timeStamping";  // nullptr: none
  std::int64_t not_before = 1'700'000'000;
  std::int64_t not_after = 1'900'000'000;
  std::int64_t answers_at = 1'795'363'441;  // 2026-11-22T16:04:01Z
  const char* signature_hash = "SHA256";
};

class TestAuthority {
 public:
  explicit TestAuthority(const AuthorityOptions& options = {});
  ~TestAuthority();

  std::string root_pem() const;
  // A TimeStampResp for a TimeStampReq, in DER.
  Bytes answer(const Bytes& request) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portcullis::audit
