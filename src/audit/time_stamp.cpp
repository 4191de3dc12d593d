#include "audit/time_stamp.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "audit/input.h"
#include "base/clock.h"
#include "base/crypto.h"

namespace portcullis::audit {
namespace {

template <auto release>
struct Deleter {
  template <class T>
  void operator()(T* value) const {
    release(value);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Store = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using Request = std::unique_ptr<TS_REQ, Deleter<TS_REQ_free>>;
using Imprint = std::unique_ptr<TS_MSG_IMPRINT, Deleter<TS_MSG_IMPRINT_free>>;
using Algorithm = std::unique_ptr<X509_ALGOR, Deleter<X509_ALGOR_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;
using Response = std::unique_ptr<TS_RESP, Deleter<TS_RESP_free>>;
using Check = std::unique_ptr<TS_VERIFY_CTX, Deleter<TS_VERIFY_CTX_free>>;
struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Signers = std::unique_ptr<STACK_OF(X509), StackDeleter>;

constexpr std::size_t certificates_max = 64;
constexpr int granted = 0;  // RFC 3161 section 2.4.2, PKIStatus
constexpr int granted_with_changes = 1;
constexpr int auth_level_of_112_bits = 2;  // RSA of 2048 bits, SHA-256
constexpr std::array strong_digests{NID_sha256,   NID_sha384,   NID_sha512,
                                    NID_sha3_256, NID_sha3_384, NID_sha3_512};

void require(bool worked) {
  if (!worked) std::abort();
}

Integer integer_of(std::uint64_t value) {
  Integer out(ASN1_INTEGER_new());
  require(out != nullptr && ASN1_INTEGER_set_uint64(out.get(), value) == 1);
  return out;
}

std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

// "20261122154401.123Z": RFC 3161 section 2.4.2 allows no other form of GeneralizedTime.
std::optional<TimeStamp> parse_time(std::string_view text) {
  constexpr std::size_t whole = 14, fraction_digits = 9;
  if (text.size() <= whole || !text.ends_with('Z')) return std::nullopt;
  std::string_view fraction = text.substr(whole, text.size() - whole - 1);
  if (!fraction.empty() && (fraction.front() != '.' || fraction.size() == 1)) return std::nullopt;
  if (!fraction.empty()) fraction.remove_prefix(1);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view digits = text.substr(0, whole);
  if (!std::all_of(digits.begin(), digits.end(), digit) ||
      !std::all_of(fraction.begin(), fraction.end(), digit)) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t count) {
    return std::stoi(std::string(digits.substr(at, count)));
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(4, 2) - 1;
  parts.tm_mday = number(6, 2);
  parts.tm_hour = number(8, 2);
  parts.tm_min = number(10, 2);
  parts.tm_sec = number(12, 2);
  const std::tm given = parts;
  TimeStamp out;
  out.seconds = timegm(&parts);
  if (parts.tm_mon != given.tm_mon || parts.tm_mday != given.tm_mday ||
      parts.tm_hour != given.tm_hour || parts.tm_min != given.tm_min) {
    return std::nullopt;  // a month 13, a day 31 of November
  }
  std::string nanos(fraction.substr(0, fraction_digits));
  nanos.resize(fraction_digits, '0');
  out.time = rfc3339_seconds(out.seconds);
  out.time.insert(out.time.size() - 1, '.' + nanos);
  return out;
}

bool is_strong(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return std::find(strong_digests.begin(), strong_digests.end(), OBJ_obj2nid(object)) !=
         strong_digests.end();
}

// OpenSSL compares the imprint's bytes; which hash they are of is judged here, and that the
// signature is over no weak one.
Result<void> check_algorithms(TS_RESP& response) {
  TS_MSG_IMPRINT* imprint = TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(&response));
  const ASN1_OBJECT* hash = nullptr;
  X509_ALGOR_get0(&hash, nullptr, nullptr, TS_MSG_IMPRINT_get_algo(imprint));
  if (OBJ_obj2nid(hash) != NID_sha256) {
    return failure(Cause::untrusted, "the time-stamp is not over SHA-256");
  }
  STACK_OF(PKCS7_SIGNER_INFO)* signers = PKCS7_get_signer_info(TS_RESP_get_token(&response));
  if (sk_PKCS7_SIGNER_INFO_num(signers) != 1) {
    return failure(Cause::untrusted, "the time-stamp does not have exactly one signer");
  }
  X509_ALGOR* digest = nullptr;
  PKCS7_SIGNER_INFO_get0_algs(sk_PKCS7_SIGNER_INFO_value(signers, 0), nullptr, &digest, nullptr);
  if (!is_strong(digest)) {
    return failure(Cause::untrusted, "the time-stamp is signed with a weak hash");
  }
  return {};
}

Result<Response> parse_reply(std::span<const std::uint8_t> reply) {
  if (reply.size() > time_stamp_reply_bytes_max) {
    return failure(Cause::limit, "the time-stamp reply is too long");
  }
  const unsigned char* at = reply.data();
  Response response(d2i_TS_RESP(nullptr, &at, static_cast<long>(reply.size())));
  if (response == nullptr || at != reply.data() + reply.size()) {
    ERR_clear_error();
    return failure(Cause::invalid, "not a time-stamp reply");
  }
  const ASN1_INTEGER* status = TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response.get()));
  const long code = ASN1_INTEGER_get(status);
  if (code != granted && code != granted_with_changes) {
    return failure(Cause::untrusted,
                   "the authority refused to stamp (status " + std::to_string(code) + ")");
  }
  if (TS_RESP_get_token(response.get()) == nullptr ||
      TS_RESP_get_tst_info(response.get()) == nullptr) {
    return failure(Cause::invalid, "the time-stamp reply has no token");
  }
  return response;
}

std::string subject_of(X509& certificate) {
  constexpr std::size_t shown_max = 256;
  const Bio bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(std::max(length, 0L))).substr(0, shown_max);
}

std::string signer_of(TS_RESP& response) {
  const Signers signers(PKCS7_get0_signers(TS_RESP_get_token(&response), nullptr, 0));
  return sk_X509_num(signers.get()) == 1 ? subject_of(*sk_X509_value(signers.get(), 0)) : "";
}

}  // namespace

struct TimeStampAuthorities::State {
  std::vector<Certificate> certificates;

  // Trusts them as of `seconds`.
  Store store_at(std::int64_t seconds) const {
    Store store(X509_STORE_new());
    require(store != nullptr);
    for (const Certificate& certificate : certificates) {
      require(X509_STORE_add_cert(store.get(), certificate.get()) == 1);
    }
    X509_VERIFY_PARAM* param = X509_STORE_get0_param(store.get());
    X509_VERIFY_PARAM_set_time(param, seconds);
    X509_VERIFY_PARAM_set_auth_level(param, auth_level_of_112_bits);
    return store;
  }
};

TimeStampAuthorities::TimeStampAuthorities(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
TimeStampAuthorities::TimeStampAuthorities(TimeStampAuthorities&&) noexcept = default;
TimeStampAuthorities& TimeStampAuthorities::operator=(TimeStampAuthorities&&) noexcept = default;
TimeStampAuthorities::~TimeStampAuthorities() = default;

Result<TimeStampAuthorities> TimeStampAuthorities::load(const std::vector<std::string>& pem_files) {
  auto state = std::make_unique<State>();
  for (const std::string& path : pem_files) {
    const auto pem = read_small_file(path);
    if (!pem) return tl::unexpected(pem.error());
    const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    require(bio != nullptr);
    const std::size_t before = state->certificates.size();
    while (true) {
      Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      if (certificate == nullptr) break;
      if (state->certificates.size() == certificates_max) {
        return failure(Cause::limit, path + ": too many certificates");
      }
      state->certificates.push_back(std::move(certificate));
    }
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (!ended || state->certificates.size() == before) {
      return failure(Cause::invalid, path + " is not a file of certificates in PEM");
    }
  }
  if (state->certificates.empty()) {
    return failure(Cause::invalid, "no certificate of a time-stamp authority");
  }
  return TimeStampAuthorities(std::move(state));
}

Bytes make_time_stamp_request(std::string_view note, std::uint64_t nonce) {
  const Request request(TS_REQ_new());
  const Imprint imprint(TS_MSG_IMPRINT_new());
  const Algorithm sha(X509_ALGOR_new());
  require(request != nullptr && imprint != nullptr && sha != nullptr);
  Digest digest = sha256(note);
  require(X509_ALGOR_set0(sha.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1);
  require(TS_MSG_IMPRINT_set_algo(imprint.get(), sha.get()) == 1);
  require(TS_MSG_IMPRINT_set_msg(imprint.get(), digest.data(), static_cast<int>(digest.size())) ==
          1);
  require(TS_REQ_set_version(request.get(), 1) == 1);
  require(TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1);
  require(TS_REQ_set_nonce(request.get(), integer_of(nonce).get()) == 1);
  require(TS_REQ_set_cert_req(request.get(), 1) == 1);
  unsigned char* der = nullptr;
  const int length = i2d_TS_REQ(request.get(), &der);
  require(length > 0);
  const Bytes out(der, der + length);
  OPENSSL_free(der);
  return out;
}

Result<TimeStamp> verify_time_stamp(std::span<const std::uint8_t> reply, std::string_view note,
                                    const TimeStampAuthorities& trusted,
                                    std::optional<std::uint64_t> nonce) {
  const auto response = parse_reply(reply);
  if (!response) return tl::unexpected(response.error());
  TS_TST_INFO* info = TS_RESP_get_tst_info(response->get());
  const ASN1_GENERALIZEDTIME* time = TS_TST_INFO_get_time(info);
  const ByteView digits(ASN1_STRING_get0_data(time),
                        static_cast<std::size_t>(ASN1_STRING_length(time)));
  auto stamp = parse_time(as_text(digits));
  if (!stamp) return failure(Cause::invalid, "the time-stamp's time is not in form");
  if (auto good = check_algorithms(**response); !good) return tl::unexpected(good.error());

  const Check check(TS_VERIFY_CTX_new());
  const Digest digest = sha256(note);
  auto* imprint = static_cast<unsigned char*>(OPENSSL_memdup(digest.data(), digest.size()));
  require(check != nullptr && imprint != nullptr);
  TS_VERIFY_CTX_set_flags(check.get(), TS_VFY_VERSION | TS_VFY_SIGNATURE | TS_VFY_IMPRINT);
  TS_VERIFY_CTX_set_imprint(check.get(), imprint, static_cast<long>(digest.size()));
  TS_VERIFY_CTX_set_store(check.get(), trusted.state_->store_at(stamp->seconds).release());
  if (TS_RESP_verify_response(check.get(), response->get()) != 1) {
    return failure(Cause::untrusted, "the time-stamp does not verify: " + openssl_error());
  }
  if (nonce) {
    const ASN1_INTEGER* answered = TS_TST_INFO_get_nonce(info);
    if (answered == nullptr || ASN1_INTEGER_cmp(answered, integer_of(*nonce).get()) != 0) {
      return failure(Cause::untrusted, "the time-stamp answers another request");
    }
  }
  stamp->authority = signer_of(**response);
  return *stamp;
}

}  // namespace portcullis::audit
