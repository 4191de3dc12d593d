// A recording upstream: stands in for a model provider that cannot be had offline, and writes down
// what reached it. Tests compare its record with the audit log; bench/run measures against it.
//
// HTTP/1.1 on loopback, one thread, keep-alive, bodies by Content-Length or chunked; no pipelining.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json_out.h"
#include "support/upstream_answers.h"

namespace portcullis::upstream {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 0;
  std::string record_file;
  bool bodies = false;
  AnswerOptions answers;
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// ---------------------------------------------------------------- reading a request

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void read_head(std::string_view head, Request& request) {
  const auto line = head.substr(0, head.find("\r\n"));
  const auto space = line.find(' ');
  request.method = line.substr(0, space);
  request.target = space == line.npos ? "" : line.substr(space + 1, line.rfind(' ') - space - 1);
  for (std::size_t at = line.size() + 2; at < head.size();) {
    const auto end = std::min(head.find("\r\n", at), head.size());
    const auto field = head.substr(at, end - at);
    const auto colon = std::min(field.find(':'), field.size());
    std::string name(field.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), lower);
    auto value = field.substr(std::min(colon + 1, field.size()));
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    request.headers.emplace_back(std::move(name), value);
    at = end + 2;
  }
}

std::string_view header(const Request& request, std::string_view name) {
  for (const auto& [known, value] : request.headers) {
    if (known == name) return value;
  }
  return {};
}

// How many bytes of `in` the chunked body takes; 0: not all there yet.
std::size_t read_chunks(std::string_view in, std::string& body) {
  for (std::size_t at = 0;;) {
    const auto line_end = in.find("\r\n", at);
    if (line_end == in.npos) return 0;
    std::size_t size = 0;
    std::from_chars(in.data() + at, in.data() + line_end, size, 16);
    at = line_end + 2;
    if (in.size() < at + size + 2) return 0;
    if (size == 0) return at + 2;
    body.append(in.substr(at, size));
    at += size + 2;
  }
}

// Takes one whole request from the front of `in`; nullopt: not all there yet.
std::optional<Request> take_request(std::string& in) {
  const auto head_end = in.find("\r\n\r\n");
  if (head_end == in.npos) return std::nullopt;
  Request request;
  read_head(std::string_view(in).substr(0, head_end + 2), request);
  std::size_t end = head_end + 4;
  if (header(request, "transfer-encoding") == "chunked") {
    const auto taken = read_chunks(std::string_view(in).substr(end), request.body);
    if (taken == 0) return std::nullopt;
    end += taken;
  } else {
    const auto text = header(request, "content-length");
    std::size_t size = 0;
    std::from_chars(text.data(), text.data() + text.size(), size);
    if (in.size() < end + size) return std::nullopt;
    request.body = in.substr(end, size);
    end += size;
  }
  in.erase(0, end);
  return request;
}

// ---------------------------------------------------------------- the record

// Bytes of a head as JSON text: each byte >= 0x80 as the character of that number.
std::string latin1(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

std::string record_line(const Request& request, bool bodies) {
  std::map<std::string, std::string> headers;  // one sent twice is joined, as RFC 9110 says
  for (const auto& [name, value] : request.headers) {
    auto& joined = headers[latin1(name)];
    joined += (joined.empty() ? "" : ", ") + latin1(value);
  }
  std::string line;
  JsonWriter json(line);
  json.begin_object().string("method", latin1(request.method));
  json.string("target", latin1(request.target)).name("headers").begin_object();
  for (const auto& [name, value] : headers) json.name_of(name).string(value);
  json.end_object().name("body_sha256").hex(sha256(request.body));
  if (bodies) json.string("body_base64", base64(as_bytes(request.body)));
  json.end_object();
  return line + "\n";
}

// ---------------------------------------------------------------- the server

struct Connection {
  std::string in;
  std::string out;
  std::size_t sent = 0;
  std::deque<Piece> pieces;  // still to be sent after `out`
  bool answering = false;
  bool full = false;   // the socket takes no more: waiting for EPOLLOUT
  bool close = false;  // when everything is sent
};

class Server {
 public:
  explicit Server(const Options& options) : options_(options) {
    if (!options.record_file.empty()) {
      record_ =
          ::open(options.record_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
      if (record_ < 0) fail("record file");
    }
    listen_on_loopback();
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    sigprocmask(SIG_BLOCK, &stop, nullptr);
    signals_ = ::signalfd(-1, &stop, SFD_CLOEXEC);
    watch(signals_, EPOLLIN, EPOLL_CTL_ADD);
  }

  void run() {
    for (;;) {
      epoll_event events[256];
      const int count = ::epoll_wait(epoll_, events, 256, wait_ms());
      for (int i = 0; i < count; ++i) {
        const int fd = events[i].data.fd;
        if (fd == signals_) return;
        if (fd == listener_) {
          accept_all();
        } else if ((events[i].events & EPOLLOUT) != 0) {
          send(fd);
        } else {
          receive(fd);
        }
      }
      send_due();
    }
  }
  std::uint64_t requests() const { return requests_; }

 private:
  void listen_on_loopback() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0) fail("bind");
    if (::listen(listener_, 1024) != 0) fail("listen");
    ::getsockname(listener_, generic, &size);
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    std::printf("listening 127.0.0.1:%u\n", static_cast<unsigned>(ntohs(address.sin_port)));
    std::fflush(stdout);
  }

  void watch(int fd, std::uint32_t what, int operation) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) fail("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connections_[fd] = std::make_unique<Connection>();
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void drop(int fd) {
    connections_.erase(fd);
    std::erase_if(due_, [fd](const auto& entry) { return entry.second == fd; });
    ::close(fd);
  }

  void receive(int fd) {
    auto& connection = *connections_.at(fd);
    static char buffer[65536];
    const auto size = ::recv(fd, buffer, sizeof buffer, 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return drop(fd);
    if (size > 0) connection.in.append(buffer, static_cast<std::size_t>(size));
    if (!connection.answering) serve(fd);
  }

  // INVARIANT: the record is written before the first byte of the answer is.
  void serve(int fd) {
    auto& connection = *connections_.at(fd);
    const auto request = take_request(connection.in);
    if (!request) return;
    ++requests_;
    if (record_ >= 0) {
      const auto line = record_line(*request, options_.bodies);
      if (::write(record_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        fail("record file");
      }
    }
    auto [pieces, close] = answer(*request, options_.answers);
    connection.answering = true;
    connection.close = close || header(*request, "connection") == "close";
    connection.pieces.assign(std::make_move_iterator(pieces.begin()),
                             std::make_move_iterator(pieces.end()));
    next_piece(fd);
  }

  // Sends the next piece now, or when it is due, or ends the answer.
  void next_piece(int fd) {
    auto& connection = *connections_.at(fd);
    if (connection.pieces.empty()) {
      if (connection.close) return drop(fd);
      connection.answering = false;
      return serve(fd);
    }
    const auto wait = connection.pieces.front().wait;
    connection.out = std::move(connection.pieces.front().bytes);
    connection.sent = 0;
    connection.pieces.pop_front();
    if (wait.count() == 0) return send(fd);
    due_.emplace(SteadyClock::now() + wait, fd);
  }

  void send(int fd) {
    auto& connection = *connections_.at(fd);
    while (connection.sent < connection.out.size()) {
      const auto size = ::send(fd, connection.out.data() + connection.sent,
                               connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (size < 0 && errno != EAGAIN) return drop(fd);
      if (size < 0) {
        connection.full = true;
        return watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
      }
      connection.sent += static_cast<std::size_t>(size);
    }
    if (connection.full) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
    connection.full = false;
    next_piece(fd);
  }

  int wait_ms() const {
    if (due_.empty()) return -1;
    const auto left = due_.begin()->first - SteadyClock::now();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::max<std::int64_t>(ms, 0));
  }

  void send_due() {
    while (!due_.empty() && due_.begin()->first <= SteadyClock::now()) {
      const int fd = due_.begin()->second;
      due_.erase(due_.begin());
      send(fd);
    }
  }

  Options options_;
  int record_ = -1;
  int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  int listener_ = -1;
  int signals_ = -1;
  std::uint64_t requests_ = 0;
  std::unordered_map<int, std::unique_ptr<Connection>> connections_;
  std::multimap<SteadyClock::time_point, int> due_;  // answers that wait, by descriptor
};

int serve(int argc, char** argv) {
  Options options;
  std::string fault;
  int delay_ms = 0;
  int gap_ms = 0;
  CLI::App app{"Stands in for a model provider on loopback and records what reaches it.",
               "recording_upstream"};
  app.add_option("--port", options.port, "0: a free one, printed in the first line");
  app.add_option("--record", options.record_file, "append a JSON line for each request");
  app.add_flag("--bodies", options.bodies, "record the bodies too");
  app.add_option("--delay-ms", delay_ms, "before the first byte of each answer");
  app.add_option("--gap-ms", gap_ms, "between two events of a stream");
  app.add_flag("--stream", options.answers.stream, "answer with events where a request asks");
  app.add_option("--fault", fault, "how each answer goes wrong");
  CLI11_PARSE(app, argc, argv);
  if (!fault.empty()) {
    const auto known = fault_from_name(fault);
    if (!known) {
      std::fprintf(stderr, "recording_upstream: unknown fault %s\n", fault.c_str());
      return 64;
    }
    options.answers.fault = *known;
  }
  options.answers.delay = std::chrono::milliseconds(delay_ms);
  options.answers.gap = std::chrono::milliseconds(gap_ms);
  Server server(options);
  server.run();
  std::printf("requests %llu\n", static_cast<unsigned long long>(server.requests()));
  return 0;
}

}  // namespace
}  // namespace portcullis::upstream

int main(int argc, char** argv) { return portcullis::upstream::serve(argc, argv); }
