// Kept connections to the configured upstreams, of one worker.
//
// Confined to its worker. A connection is leased for one exchange and comes back only if the answer
// ended exactly where its framing said. Nothing is retried: a request that may have reached a model
// is not sent twice. Certificates of HTTPS upstreams are always verified.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "net/transport.h"

namespace portcullis {

// An upstream's URL, taken apart. The configuration has been validated, so this cannot fail there.
struct UpstreamUrl {
  std::string host;  // without brackets
  std::string port;
  std::string authority;  // for the Host header
  std::string base_path;  // without a trailing slash
  bool https = false;
};
UpstreamUrl parse_upstream_url(std::string_view url);

// A client context that verifies: with the system's certificate authorities, or those in a PEM
// file.
Result<std::unique_ptr<asio::ssl::context>> make_client_tls(const std::string& ca_file);

// Whether the secrets and authorities that an upstream needs can be read: asked before a port
// opens.
Result<void> check_upstream(const UpstreamSection& upstream);

class UpstreamPool {
 public:
  explicit UpstreamPool(const UpstreamSection& upstream);

  // A place in the pool, and its connection, for one exchange; gives both back when it goes,
  // however the exchange ended.
  class Lease {
   public:
    Lease() = default;
    explicit Lease(UpstreamPool& pool) : pool_(&pool) { ++pool.in_use_; }
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          transport_(std::move(other.transport_)),
          reusable_(other.reusable_) {}
    Lease& operator=(Lease&& other) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(std::move(transport_), reusable_);
    }
    Transport* transport() const { return transport_.get(); }  // nullptr: none was to be had
    void keep() { reusable_ = true; }                          // it may carry another exchange

   private:
    friend class UpstreamPool;
    UpstreamPool* pool_ = nullptr;
    std::unique_ptr<Transport> transport_;
    bool reusable_ = false;
  };
  Task<Lease> lease();
  bool is_full() const { return in_use_ >= upstream_.connections_max; }
  // Closes what is kept: before the io_context goes.
  void drop_idle() { idle_.clear(); }
  const UpstreamUrl& url() const { return url_; }
  // The credential and other headers that the configuration injects: "Name: value\r\n" each.
  const std::string& injected() const { return injected_; }
  bool injects(std::string_view lower_case_name) const;

 private:
  struct Idle {
    std::unique_ptr<Transport> transport;
    std::chrono::steady_clock::time_point since;
  };
  void give_back(std::unique_ptr<Transport> transport, bool reusable);

  const UpstreamSection upstream_;
  const UpstreamUrl url_;
  std::string injected_;
  std::unique_ptr<asio::ssl::context> tls_;
  bool broken_ = false;     // its secrets or certificates could not be read
  std::vector<Idle> idle_;  // the most recently used last
  std::size_t in_use_ = 0;
};

}  // namespace portcullis
