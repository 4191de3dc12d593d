#include "net/upstream_pool.h"

#include <algorithm>
#include <cctype>

#include "base/log.h"

namespace portcullis {
namespace {

constexpr std::size_t idle_max = 256;

Result<std::string> header_line(const UpstreamHeader& header) {
  std::string value = header.value;
  if (value.empty()) {
    const Result<std::string> secret = header.value_from.read();
    if (!secret) return secret;
    value = header.prefix + *secret;
  }
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
    return failure(Cause::invalid, "the value for header " + header.name + " holds a line break");
  }
  return header.name + ": " + value + "\r\n";
}

Result<std::string> injected_headers(const UpstreamSection& upstream) {
  std::vector<UpstreamHeader> all = upstream.headers;
  if (upstream.credential) all.push_back(*upstream.credential);
  std::string out;
  for (const UpstreamHeader& header : all) {
    const Result<std::string> line = header_line(header);
    if (!line) return line;
    out += *line;
  }
  return out;
}

}  // namespace

UpstreamUrl parse_upstream_url(std::string_view url) {
  UpstreamUrl out;
  out.https = url.starts_with("https://");
  url.remove_prefix(out.https ? 8 : 7);
  const std::size_t slash = std::min(url.find('/'), url.size());
  out.authority = url.substr(0, slash);
  out.base_path = url.substr(slash);
  while (out.base_path.ends_with('/')) out.base_path.pop_back();
  std::string_view host = out.authority;
  out.port = out.https ? "443" : "80";
  const std::size_t colon = host.rfind(':');
  if (colon != host.npos && host.find(']', colon) == host.npos) {
    out.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  out.host = host;
  return out;
}

Result<std::unique_ptr<asio::ssl::context>> make_client_tls(const std::string& ca_file) {
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  boost::system::error_code error;
  context->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error && ca_file.empty()) context->set_default_verify_paths(error);
  if (!error && !ca_file.empty()) context->load_verify_file(ca_file, error);
  if (error) {
    return failure(Cause::io,
                   "cannot load certificate authorities " + ca_file + ": " + error.message());
  }
  return context;
}

Result<void> check_upstream(const UpstreamSection& upstream) {
  const Result<std::string> injected = injected_headers(upstream);
  if (!injected) return tl::unexpected<Error>(injected.error());
  if (!parse_upstream_url(upstream.url).https) return {};
  const auto tls = make_client_tls(upstream.ca_file);
  if (!tls) return tl::unexpected<Error>(tls.error());
  return {};
}

UpstreamPool::UpstreamPool(const UpstreamSection& upstream)
    : upstream_(upstream), url_(parse_upstream_url(upstream.url)) {
  Result<std::string> injected = injected_headers(upstream);
  broken_ = !injected;
  if (injected) injected_ = std::move(*injected);
  if (broken_) log::error("upstream " + upstream.name + ": " + injected.error().message);
  if (!url_.https) return;
  auto tls = make_client_tls(upstream.ca_file);
  if (!tls) {
    log::error("upstream " + upstream.name + ": " + tls.error().message);
    broken_ = true;
    return;
  }
  tls_ = std::move(*tls);
}

bool UpstreamPool::injects(std::string_view lower_case_name) const {
  const auto same = [&](const UpstreamHeader& header) {
    return std::equal(
        header.name.begin(), header.name.end(), lower_case_name.begin(), lower_case_name.end(),
        [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
  };
  return (upstream_.credential && same(*upstream_.credential)) ||
         std::any_of(upstream_.headers.begin(), upstream_.headers.end(), same);
}

Task<UpstreamPool::Lease> UpstreamPool::lease() {
  const auto now = std::chrono::steady_clock::now();
  while (!idle_.empty()) {
    Idle kept = std::move(idle_.back());
    idle_.pop_back();
    if (now - kept.since > upstream_.pool_idle || is_stale(*kept.transport)) {
      kept.transport->close();
      continue;
    }
    Lease lease(*this);
    lease.transport_ = std::move(kept.transport);
    co_return lease;
  }
  if (broken_ || is_full()) co_return Lease();
  Lease lease(*this);
  const ConnectTarget target{url_.host, url_.port, tls_.get(), upstream_.connect_timeout};
  std::unique_ptr<Transport> transport = co_await connect_transport(target);
  if (!transport) co_return Lease();
  lease.transport_ = std::move(transport);
  co_return lease;
}

void UpstreamPool::give_back(std::unique_ptr<Transport> transport, bool reusable) {
  --in_use_;
  if (!transport) return;
  if (!reusable || idle_.size() >= idle_max) {
    transport->close();
    return;
  }
  transport->expires_never();
  idle_.push_back({std::move(transport), std::chrono::steady_clock::now()});
}

}  // namespace portcullis
