#include "net/admin.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/http_reader.h"
#include "net/reply.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

struct Page {
  unsigned status = 404;
  std::string body = "not found\n";
};

Page page_for(const RequestHead& head, const AdminPages& pages) {
  if (head.method != "GET") return {405, "only GET\n"};
  if (head.path == "/livez") return {200, "alive\n"};
  if (head.path == "/metrics") return {200, pages.metrics()};
  if (head.path != "/readyz") return {};
  const std::string amiss = pages.amiss();
  return amiss.empty() ? Page{200, "ready\n"} : Page{503, amiss + "\n"};
}

Task<void> answer(Tcp::socket socket, const AdminPages& pages, const LimitsSection& limits) {
  const std::unique_ptr<Transport> transport = make_plain_transport(std::move(socket));
  RequestReader reader(*transport, limits);
  RequestHead head;
  const OrDenial<RequestReader::Next> next = co_await reader.read_head(head);
  if (!next || *next == RequestReader::Next::closed) co_return;
  const Page page = page_for(head, pages);
  std::string reply = "HTTP/1.1 " + std::to_string(page.status) + " ";
  reply += status_text(page.status);
  reply += "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ";
  reply += std::to_string(page.body.size()) + "\r\n\r\n" + page.body;
  transport->expires_after(limits.write_timeout);
  const asio::const_buffer whole = asio::buffer(reply);
  const std::span<const asio::const_buffer> buffers(&whole, 1);
  co_await transport->write(buffers);
  transport->close();
}

void append_type(std::string& out, std::string_view name, std::string_view type) {
  out += "# TYPE portcullis_";
  out += name;
  out += ' ';
  out += type;
  out += '\n';
}

void append_metric(std::string& out, std::string_view name, std::string_view type,
                   std::uint64_t value) {
  append_type(out, name, type);
  out += "portcullis_";
  out += name;
  out += ' ';
  out += std::to_string(value);
  out += '\n';
}

void append_sample(std::string& out, std::string_view name, std::string_view anchor,
                   std::uint64_t value) {
  out += "portcullis_";
  out += name;
  out += "{anchor=\"";
  for (const char c : anchor) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += "\"} " + std::to_string(value) + '\n';
}

}  // namespace

Task<void> serve_admin(Tcp::acceptor& acceptor, const AdminPages& pages,
                       const LimitsSection& limits) {
  const auto executor = acceptor.get_executor();
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(as_values);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      asio::steady_timer pause(executor, std::chrono::milliseconds(50));
      co_await pause.async_wait(as_values);
      continue;
    }
    asio::co_spawn(executor, answer(std::move(socket), pages, limits), asio::detached);
  }
}

std::string render_metrics(const Metrics& metrics) {
  std::string out;
  append_metric(out, "connections", "gauge", metrics.connections);
  append_metric(out, "decisions_allowed_total", "counter", metrics.allowed);
  append_metric(out, "decisions_denied_total", "counter", metrics.denied);
  append_metric(out, "shed_total", "counter", metrics.shed);
  append_metric(out, "upstream_failures_total", "counter", metrics.upstream_failures);
  return out;
}

std::string render_anchor_metrics(std::span<const AnchorStatus> anchors) {
  std::string out;
  if (anchors.empty()) return out;
  append_type(out, "anchors_total", "counter");
  for (const AnchorStatus& anchor : anchors) {
    append_sample(out, "anchors_total", anchor.name, anchor.good);
  }
  append_type(out, "anchor_failures_total", "counter");
  for (const AnchorStatus& anchor : anchors) {
    append_sample(out, "anchor_failures_total", anchor.name, anchor.failed);
  }
  append_type(out, "anchor_age_seconds", "gauge");
  for (const AnchorStatus& anchor : anchors) {
    if (!anchor.age) continue;
    append_sample(out, "anchor_age_seconds", anchor.name,
                  static_cast<std::uint64_t>(anchor.age->count()));
  }
  return out;
}

}  // namespace portcullis
