#include "test_authority.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include <cstdlib>

#include "base/crypto.h"

namespace portcullis::audit {
namespace {

void require(bool worked) {
  if (!worked) std::abort();
}

void add_extension(X509* certificate, int name, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, name, value);
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509* make_certificate(EVP_PKEY* key, const char* name, const AuthorityOptions& options) {
  X509* certificate = X509_new();
  require(certificate != nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
  ASN1_TIME_set(X509_getm_notBefore(certificate), options.not_before);
  ASN1_TIME_set(X509_getm_notAfter(certificate), options.not_after);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate, key);
  return certificate;
}

int set_time(TS_RESP_CTX*, void* data, long* seconds, long* microseconds) {
  *seconds = static_cast<const AuthorityOptions*>(data)->answers_at;
  *microseconds = 123'000;
  return 1;
}

}  // namespace

struct TestAuthority::State {
  AuthorityOptions options;
  EvpKey root_key{EVP_EC_gen("P-256")};
  EvpKey key{EVP_EC_gen("P-256")};
  X509* root = nullptr;
  X509* certificate = nullptr;

  void change_use() {
    X509_EXTENSION_free(
        X509_delete_ext(certificate, X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1)));
    if (options.extended_key_usage != nullptr) {
      add_extension(certificate, NID_ext_key_usage, options.extended_key_usage);
    }
    require(X509_sign(certificate, root_key.get(), EVP_sha256()) > 0);
  }
};

TestAuthority::TestAuthority(const AuthorityOptions& options) : state_(new State{options}) {
  state_->root = make_certificate(state_->root_key.get(), "Root of a test", {});
  X509_set_issuer_name(state_->root, X509_get_subject_name(state_->root));
  add_extension(state_->root, NID_basic_constraints, "critical,CA:TRUE");
  require(X509_sign(state_->root, state_->root_key.get(), EVP_sha256()) > 0);
  state_->certificate = make_certificate(state_->key.get(), "Authority of a test", options);
  X509_set_issuer_name(state_->certificate, X509_get_subject_name(state_->root));
  add_extension(state_->certificate, NID_ext_key_usage, "critical,timeStamping");
  require(X509_sign(state_->certificate, state_->root_key.get(), EVP_sha256()) > 0);
}

TestAuthority::~TestAuthority() {
  X509_free(state_->root);
  X509_free(state_->certificate);
}

std::string TestAuthority::root_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(bio, state_->root) == 1);
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(length));
  BIO_free(bio);
  return out;
}

Bytes TestAuthority::answer(const Bytes& request) const {
  TS_RESP_CTX* context = TS_RESP_CTX_new();
  require(TS_RESP_CTX_set_signer_key(context, state_->key.get()) == 1);
  require(TS_RESP_CTX_set_signer_cert(context, state_->certificate) == 1);
  // The responder takes no certificate for another use, so it becomes one when it has been taken.
  state_->change_use();
  TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256());
  ASN1_OBJECT* policy = OBJ_txt2obj("1.2.3.4.1", 1);
  TS_RESP_CTX_set_def_policy(context, policy);
  ASN1_OBJECT_free(policy);
  for (const char* name : {"SHA1", "SHA256", "SHA512"}) {
    TS_RESP_CTX_add_md(context, EVP_get_digestbyname(name));
  }
  TS_RESP_CTX_set_signer_digest(context, EVP_get_digestbyname(state_->options.signature_hash));
  TS_RESP_CTX_set_clock_precision_digits(context, 3);
  TS_RESP_CTX_set_time_cb(context, set_time, &state_->options);
  BIO* bio = BIO_new_mem_buf(request.data(), static_cast<int>(request.size()));
  TS_RESP* response = TS_RESP_create_response(context, bio);
  require(response != nullptr);
  unsigned char* der = nullptr;
  const int length = i2d_TS_RESP(response, &der);
  require(length > 0);
  Bytes out(der, der + length);
  OPENSSL_free(der);
  TS_RESP_free(response);
  BIO_free(bio);
  TS_RESP_CTX_free(context);
  return out;
}

}  // namespace portcullis::audit
