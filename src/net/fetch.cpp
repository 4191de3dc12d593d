#include "net/fetch.h"

#include <algorithm>
#include <array>

#include "net/http_reader.h"
#include "net/upstream_pool.h"

namespace portcullis {
namespace {

struct Location {
  UpstreamUrl target;
  std::string path;  // and query
};

Location parse_location(std::string_view url) {
  const std::size_t end = std::min(url.find('?'), url.size());
  Location out{parse_upstream_url(url.substr(0, end)), {}};
  out.path = out.target.base_path;
  if (url.substr(0, end).ends_with('/') || out.path.empty()) out.path += '/';
  out.path += url.substr(end);
  return out;
}

std::string request_head(const FetchRequest& request, const Location& location) {
  const bool post = !request.content_type.empty();
  std::string head = (post ? "POST " : "GET ") + location.path +
                     " HTTP/1.1\r\nHost: " + location.target.authority +
                     "\r\nAccept: " + request.accept +
                     "\r\nAccept-Encoding: identity\r\nConnection: close\r\n";
  if (post) {
    head += "Content-Type: " + request.content_type +
            "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

std::string media_type(const AnswerHead& head) {
  const std::string* given = head.find("content-type");
  if (given == nullptr) return {};
  std::string type = given->substr(0, given->find_first_of("; \t"));
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type;
}

Error no_answer(const std::string& url, AnswerStatus status) {
  if (status == AnswerStatus::timeout) return {Cause::timeout, url + " took too long"};
  if (status == AnswerStatus::too_large) return {Cause::limit, url + " answered too much"};
  return {Cause::io, "no whole answer from " + url};
}

}  // namespace

Task<Result<FetchAnswer>> fetch(const FetchRequest& request) {
  const Location location = parse_location(request.url);
  const UpstreamUrl& target = location.target;
  std::unique_ptr<asio::ssl::context> tls;
  if (target.https) {
    auto made = make_client_tls(request.ca_file);
    if (!made) co_return tl::unexpected<Error>(made.error());
    tls = std::move(*made);
  }
  const ConnectTarget address{target.host, target.port, tls.get(), request.timeout};
  std::unique_ptr<Transport> transport = co_await connect_transport(address);
  if (!transport) co_return failure(Cause::io, "cannot connect to " + target.authority);
  transport->expires_after(request.timeout);
  const std::string head_text = request_head(request, location);
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(head_text),
                                                  asio::buffer(request.body)};
  const IoResult sent = co_await transport->write(buffers);
  if (sent.status != IoStatus::ok) {
    co_return failure(Cause::io, "cannot send to " + target.authority);
  }
  AnswerReader reader(*transport, request.bytes_max);
  AnswerHead head;
  FetchAnswer answer;
  AnswerStatus status = co_await reader.read_head(head);
  if (status == AnswerStatus::more) {
    const AnswerStatus ended = co_await reader.read_all(answer.body);
    status = ended;
  }
  transport->close();
  if (status != AnswerStatus::done) {
    co_return tl::unexpected<Error>(no_answer(request.url, status));
  }
  answer.status = head.status;
  answer.content_type = media_type(head);
  co_return answer;
}

}  // namespace portcullis
