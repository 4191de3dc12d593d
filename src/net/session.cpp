#include "net/session.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdlib>

#include "base/json_out.h"
#include "enforce/admit.h"
#include "net/exchange.h"
#include "net/reply.h"

namespace portcullis {
namespace {

constexpr std::string_view metadata_path = "/.well-known/oauth-protected-resource";

// As a socket for both families shows it: an IPv4 address is the same wherever it came from.
asio::ip::address_v6 in_one_form(const asio::ip::address& ip) {
  return ip.is_v6() ? ip.to_v6() : asio::ip::make_address_v6(asio::ip::v4_mapped, ip.to_v4());
}

// `network`: as check_network lets it pass. One family's network holds nobody of the other.
bool is_in_network(const std::string& address, const std::string& network) {
  boost::system::error_code error, network_error;
  const std::size_t slash = std::min(network.find('/'), network.size());
  const auto written = asio::ip::make_address(network.substr(0, slash), network_error);
  const auto base = in_one_form(written);
  const auto ip = in_one_form(asio::ip::make_address(address, error));
  if (error || network_error || ip.is_v4_mapped() != base.is_v4_mapped()) return false;
  if (slash == network.size()) return ip == base;
  const int bits = std::atoi(network.c_str() + slash + 1) + (written.is_v4() ? 96 : 0);
  const auto prefix = static_cast<unsigned short>(bits);
  return asio::ip::make_network_v6(ip, prefix).canonical() ==
         asio::ip::make_network_v6(base, prefix).canonical();
}

std::string render_metadata(const Config& config) {
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  json.string("resource", config.listen.public_url);
  json.name("authorization_servers").begin_array();
  for (const IssuerSection& issuer : config.identity.issuers) json.string(issuer.rules.issuer);
  json.end_array();
  json.name("bearer_methods_supported").begin_array().string("header").end_array();
  json.end_object();
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// What is answered here, without an exchange; empty: nothing.
std::string local_answer(const Config& config, const RequestHead& head) {
  if (head.method == "OPTIONS" && head.find("access-control-request-method") != nullptr) {
    const std::string origin = allowed_origin(config, head);
    if (!origin.empty()) return render_preflight(origin);
    return render_denial({Reason::cors_refused, "this origin is not in listen.cors_origins", {}},
                         ReplyContext{.keep_alive = true});
  }
  if (head.method == "GET" && head.path == metadata_path && !config.listen.public_url.empty()) {
    return render_metadata(config);
  }
  return {};
}

// Tells the peer that nothing more comes, and reads what it still sends for a moment: closing a
// socket with unread bytes resets it, and the peer would lose our answer.
Task<void> linger(Transport& transport) {
  constexpr std::size_t bytes_max = 1u << 20;
  boost::system::error_code ignored;
  transport.socket().shutdown(Tcp::socket::shutdown_send, ignored);
  transport.expires_after(std::chrono::milliseconds(1000));
  std::array<char, 16384> sink{};
  const asio::mutable_buffer into(sink.data(), sink.size());
  for (std::size_t total = 0; total < bytes_max;) {
    const IoResult got = co_await transport.read_some(into);
    if (got.status != IoStatus::ok) break;
    total += got.bytes;
  }
  transport.close();
}

class Session {
 public:
  Session(Worker& worker, std::unique_ptr<Transport> transport, std::string peer)
      : worker_(worker),
        config_(worker.snapshot()->config),
        transport_(std::move(transport)),
        peer_(std::move(peer)),
        reader_(*transport_, config_->limits) {
    connection_.transport = transport_.get();
    worker_.enter(connection_);
    ++worker_.shared().metrics.connections;
  }
  ~Session() {
    --worker_.shared().metrics.connections;
    worker_.leave(connection_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Task<void> run() {
    transport_->expires_after(config_->limits.header_timeout);
    const IoStatus accepted = co_await transport_->accept();
    if (accepted != IoStatus::ok) co_return;
    // The first request is served even while draining, for this connection was accepted.
    Ending ending = co_await serve_one();
    while (ending == Ending::keep && !worker_.is_draining()) {
      connection_.used = true;
      const Ending served = co_await serve_one();
      ending = served;
    }
    if (ending == Ending::reset) {
      transport_->reset();
    } else {
      co_await linger(*transport_);
    }
  }

 private:
  Task<Ending> serve_one() {
    RequestHead head;
    connection_.idle = true;
    const OrDenial<RequestReader::Next> next = co_await reader_.read_head(head);
    connection_.idle = false;
    if (!next) {
      co_await refuse_head(next.error());
      co_return Ending::close;
    }
    if (*next == RequestReader::Next::closed) co_return Ending::close;
    head.source = caller_address(config_->listen, head, peer_);
    const std::string local = local_answer(*config_, head);
    if (!local.empty()) {
      const IoStatus sent = co_await send_to_client(worker_, *transport_, local);
      const bool keep = sent == IoStatus::ok && reader_.is_done() && head.keep_alive;
      co_return keep ? Ending::keep : Ending::close;
    }
    const ClientSide client{*transport_, reader_, connection_};
    const Ending ending = co_await run_exchange(worker_, client, std::move(head));
    co_return ending;
  }

  // Not even a head: nothing to decide on. Counted by cause and source, and answered.
  Task<void> refuse_head(Denial denial) {
    worker_.limits().count(denial.reason, source_network(peer_));
    ++worker_.shared().metrics.shed;
    const std::string reply = render_denial(denial, ReplyContext{});
    co_await send_to_client(worker_, *transport_, reply);
  }

  Worker& worker_;
  const std::shared_ptr<const Config> config_;
  std::unique_ptr<Transport> transport_;
  const std::string peer_;
  RequestReader reader_;
  Worker::Connection connection_;
};

}  // namespace

bool is_trusted_proxy(const ListenSection& listen, const std::string& address) {
  return std::any_of(listen.trusted_proxies.begin(), listen.trusted_proxies.end(),
                     [&](const std::string& network) { return is_in_network(address, network); });
}

std::string caller_address(const ListenSection& listen, const RequestHead& head,
                           const std::string& peer) {
  if (!is_trusted_proxy(listen, peer)) return peer;
  const std::string* forwarded = head.find("x-forwarded-for");
  if (forwarded == nullptr || head.count("x-forwarded-for") != 1) return peer;
  std::string_view rest = *forwarded;
  while (!rest.empty()) {
    const std::size_t comma = rest.rfind(',');
    std::string_view last = comma == rest.npos ? rest : rest.substr(comma + 1);
    rest = comma == rest.npos ? std::string_view() : rest.substr(0, comma);
    last.remove_prefix(std::min(last.find_first_not_of(" \t"), last.size()));
    const std::string text(last.substr(0, last.find_first_of(" \t")));
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(text, error);
    // A zone may be any text, and what is returned here is recorded.
    if (error || text.find('%') != text.npos) return peer;
    const std::string address = ip.to_string();
    if (!is_trusted_proxy(listen, address)) return address;
  }
  return peer;
}

Task<void> run_session(Worker& worker, std::unique_ptr<Transport> transport, std::string peer) {
  Session session(worker, std::move(transport), std::move(peer));
  co_await session.run();
}

}  // namespace portcullis
