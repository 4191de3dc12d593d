// Time-stamps of a trusted third party over a checkpoint: proof that it existed at a time that
// neither the operator nor the daemon could choose.
//
// The message imprint is SHA-256 of the note's bytes. A reply counts if its status is granted, its
// imprint is ours, it is signed (SHA-256 or better) by a certificate whose only and critical
// extended key usage is timeStamping, and that certificate leads to a trusted root at the time that
// the reply states: a time-stamp stays good after the authority's certificate expires. Functions
// are pure and safe from any thread; a TimeStampAuthorities is immutable. Standard: RFC 3161, RFC
// 5816.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "portcullis/result.h"

namespace portcullis::audit {

constexpr std::size_t time_stamp_reply_bytes_max = 64u << 10;

struct TimeStamp {
  std::string time;          // RFC 3339, UTC, nine fractional digits, Z
  std::string authority;     // the subject of the certificate that signed, as in RFC 4514
  std::int64_t seconds = 0;  // of `time`, since 1970
};

// The roots that replies must lead to.
class TimeStampAuthorities {
 public:
  // Each file is PEM with one certificate or more. No file and no certificate are errors.
  static Result<TimeStampAuthorities> load(const std::vector<std::string>& pem_files);

  TimeStampAuthorities(TimeStampAuthorities&&) noexcept;
  TimeStampAuthorities& operator=(TimeStampAuthorities&&) noexcept;
  ~TimeStampAuthorities();

 private:
  friend Result<TimeStamp> verify_time_stamp(std::span<const std::uint8_t>, std::string_view,
                                             const TimeStampAuthorities&,
                                             std::optional<std::uint64_t>);
  struct State;
  explicit TimeStampAuthorities(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A DER TimeStampReq that asks for the authority's certificate. A nonce is positive and random.
Bytes make_time_stamp_request(std::string_view note, std::uint64_t nonce);

// `reply` is a DER TimeStampResp. With a nonce, the reply must carry it: whoever asked is then sure
// that the reply is no older than the question. Cause::invalid, unsupported or untrusted.
Result<TimeStamp> verify_time_stamp(std::span<const std::uint8_t> reply, std::string_view note,
                                    const TimeStampAuthorities& trusted,
                                    std::optional<std::uint64_t> nonce = std::nullopt);

}  // namespace portcullis::audit
