#include "net/http_reader.h"

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/http_gate.h"

namespace portcullis {
namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::size_t answer_head_bytes_max = 65536;
constexpr std::size_t framing_bytes_max = 16384;  // of a chunk header or trailers, while incomplete

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
  });
  return out;
}

template <class Message>
std::vector<Header> copy_headers(const Message& message) {
  std::vector<Header> headers;
  headers.reserve(16);
  for (const auto& field : message) {
    headers.push_back({lower(field.name_string()), std::string(field.value())});
  }
  return headers;
}

template <class Message>
std::size_t count_fields(const Message& message) {
  return static_cast<std::size_t>(std::distance(message.begin(), message.end()));
}

// Lets the parser eat what is unread. A need for more is not an error.
template <class Parser>
ErrorCode feed(Parser& parser, ReadBuffer& buffer) {
  ErrorCode error;
  const std::string_view unread = buffer.unread();
  buffer.consume(parser.put(asio::const_buffer(unread.data(), unread.size()), error));
  if (error == http::error::need_more) error = {};
  return error;
}

void refuse_chunk_extensions(std::uint64_t, boost::beast::string_view extensions,
                             ErrorCode& error) {
  if (!extensions.empty()) error = http::error::bad_chunk_extension;
}

// A line break without its carriage return will never become a head: say so at once.
bool has_bare_line_feed(std::string_view head, std::size_t from) {
  for (std::size_t at = head.find('\n', from); at != head.npos; at = head.find('\n', at + 1)) {
    if (at == 0 || head[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

// ---------------------------------------------------------------- requests

struct RequestReader::State {
  using Parser = http::request_parser<http::string_body>;
  Transport& transport;
  const LimitsSection& limits;
  ReadBuffer& buffer;
  std::optional<Parser> parser;
  std::size_t fields = 0;
  std::uint64_t content_length = 0;

  OrDenial<void> parse_head(RequestHead& head, std::string_view block);
};

RequestReader::RequestReader(Transport& transport, const LimitsSection& limits)
    : state_(new State{transport, limits, transport.buffer(), {}, 0, 0}) {}
RequestReader::~RequestReader() = default;

bool RequestReader::is_done() const { return state_->parser && state_->parser->is_done(); }

Task<OrDenial<RequestReader::Next>> RequestReader::read_head(RequestHead& head) {
  State& state = *state_;
  const std::size_t bytes_max = state.limits.header_bytes_max;
  bool started = !state.buffer.empty();
  const bool waits_long = !started && state.parser.has_value();  // between two requests
  state.transport.expires_after(waits_long ? state.limits.idle_timeout
                                           : state.limits.header_timeout);
  std::size_t searched = 0;  // bytes known to hold no end of the head
  while (true) {
    const std::string_view unread = state.buffer.unread();
    const std::size_t end = unread.find(head_end, searched);
    const std::size_t head_bytes = end == unread.npos ? unread.size() : end + head_end.size();
    if (has_bare_line_feed(unread.substr(0, head_bytes), searched)) {
      co_return deny(Reason::http_malformed, "a line of the head ends in a bare line feed");
    }
    searched = head_bytes - std::min(head_bytes, head_end.size());
    if (head_bytes > bytes_max || (end == unread.npos && head_bytes == bytes_max)) {
      co_return deny(Reason::header_too_large, "the request head is larger than " +
                                                   std::to_string(bytes_max) +
                                                   " bytes (limits.header_bytes_max)");
    }
    if (end != unread.npos) {
      const OrDenial<void> parsed = state.parse_head(head, unread.substr(0, head_bytes));
      if (!parsed) co_return tl::unexpected<Denial>(parsed.error());
      co_return Next::head;
    }
    const asio::mutable_buffer room = state.buffer.room();
    const IoResult got = co_await state.transport.read_some(room);
    if (got.status != IoStatus::ok) {
      if (!started) co_return Next::closed;
      co_return deny(Reason::deadline,
                     got.status == IoStatus::timeout
                         ? "the request head did not arrive in time (limits.header_timeout)"
                         : "the connection ended within a request head");
    }
    state.buffer.commit(got.bytes);
    if (!started) state.transport.expires_after(state.limits.header_timeout);
    started = true;
  }
}

OrDenial<void> RequestReader::State::parse_head(RequestHead& head, std::string_view block) {
  if (auto denial = check_raw_head(block, {limits.header_fields_max})) {
    return tl::unexpected<Denial>(*denial);
  }
  parser.emplace();
  parser->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max + 1));
  parser->body_limit(boost::none);
  ErrorCode error;
  const std::size_t used = parser->put(asio::const_buffer(block.data(), block.size()), error);
  if (error || used != block.size() || !parser->is_header_done()) {
    return deny(Reason::http_malformed, "the request head is not HTTP/1.1: " + error.message());
  }
  const auto& message = parser->get();
  head = RequestHead{};
  head.method = message.method_string();
  head.headers = copy_headers(message);
  fields = count_fields(message);
  const std::string target(message.target());
  buffer.consume(used);
  if (auto denial = check_head(head, {target, message.version()})) {
    return tl::unexpected<Denial>(*denial);
  }
  content_length = head.content_length;
  return {};
}

Task<OrDenial<std::string>> RequestReader::read_body(MemoryLease& memory) {
  State& state = *state_;
  State::Parser& parser = *state.parser;
  const std::size_t bytes_max = state.limits.body_bytes_max;
  const auto too_large = [&] {
    return deny(Reason::body_too_large, "the body is larger than " + std::to_string(bytes_max) +
                                            " bytes (limits.body_bytes_max)");
  };
  if (state.content_length > bytes_max) co_return too_large();
  parser.body_limit(bytes_max);
  parser.eager(true);  // else put() stops after each chunk header
  auto no_extensions = &refuse_chunk_extensions;
  parser.on_chunk_header(no_extensions);
  state.transport.expires_after(state.limits.body_timeout);
  while (!parser.is_done()) {
    if (const ErrorCode error = feed(parser, state.buffer)) {
      if (error == http::error::body_limit) co_return too_large();
      co_return deny(Reason::http_malformed, "the body's framing is broken: " + error.message());
    }
    if (parser.is_done()) break;
    if (!memory.hold(parser.get().body().size() * memory_factor)) {
      co_return deny(Reason::overloaded,
                     "no memory is left for this body (" + std::string(memory.refused_by()) + ")");
    }
    if (state.buffer.unread().size() > framing_bytes_max) {
      co_return deny(Reason::http_malformed, "a chunk header or trailer section does not end");
    }
    const asio::mutable_buffer room = state.buffer.room();
    const IoResult got = co_await state.transport.read_some(room);
    if (got.status == IoStatus::timeout) {
      co_return deny(Reason::deadline, "the body did not arrive in time (limits.body_timeout)");
    }
    if (got.status != IoStatus::ok) {
      co_return deny(Reason::http_malformed, "the connection ended within the body");
    }
    state.buffer.commit(got.bytes);
  }
  if (count_fields(parser.get()) != state.fields) {
    co_return deny(Reason::http_malformed, "chunk trailers are not accepted");
  }
  co_return std::move(parser.get().body());
}

// ---------------------------------------------------------------- answers

struct AnswerReader::State {
  using Parser = http::response_parser<http::string_body>;
  Transport& transport;
  std::size_t body_bytes_max;
  ReadBuffer& buffer;
  std::optional<Parser> parser;
  bool clean_end = false;  // the framing itself allows another message on this connection
};

AnswerReader::AnswerReader(Transport& transport, std::size_t body_bytes_max)
    : state_(new State{transport, body_bytes_max, transport.buffer(), {}, false}) {}
AnswerReader::~AnswerReader() = default;

namespace {

AnswerStatus from_io(IoStatus status) {
  return status == IoStatus::timeout ? AnswerStatus::timeout : AnswerStatus::cut;
}

std::size_t count(const AnswerHead& head, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(head.headers.begin(), head.headers.end(),
                    [&](const Header& header) { return header.name == name; }));
}

// One framing, in its one unambiguous form: else what comes next on this connection is in doubt.
bool is_acceptable(const AnswerHead& head, unsigned version) {
  if (head.status < 100) return false;
  const std::string* length = head.find("content-length");
  const std::string* coding = head.find("transfer-encoding");
  if (count(head, "content-length") > 1 || count(head, "transfer-encoding") > 1) return false;
  if (length != nullptr && length->find_first_not_of("0123456789") != length->npos) return false;
  if (coding == nullptr) return true;
  return version == 11 && length == nullptr && lower(*coding) == "chunked";
}

}  // namespace

Task<AnswerStatus> AnswerReader::read_head(AnswerHead& head) {
  State& state = *state_;
  while (true) {
    const std::string_view unread = state.buffer.unread();
    const std::size_t end = unread.find(head_end);
    if (end == unread.npos) {
      if (unread.size() >= answer_head_bytes_max) co_return AnswerStatus::too_large;
      const asio::mutable_buffer room = state.buffer.room();
      const IoResult got = co_await state.transport.read_some(room);
      if (got.status != IoStatus::ok) co_return from_io(got.status);
      state.buffer.commit(got.bytes);
      continue;
    }
    const std::string_view block = unread.substr(0, end + head_end.size());
    if (!is_clean_answer_head(block)) co_return AnswerStatus::malformed;
    state.parser.emplace();
    state.parser->header_limit(answer_head_bytes_max + 1);
    state.parser->body_limit(state.body_bytes_max);
    ErrorCode error;
    const std::size_t used =
        state.parser->put(asio::const_buffer(block.data(), block.size()), error);
    if (error == http::error::body_limit) co_return AnswerStatus::too_large;
    if (error || used != block.size()) co_return AnswerStatus::malformed;
    state.buffer.consume(used);
    state.parser->eager(true);  // else put() stops after each chunk header
    const auto& message = state.parser->get();
    head = AnswerHead{message.result_int(), copy_headers(message), state.parser->keep_alive()};
    if (head.status >= 100 && head.status < 200) {
      if (head.status == 101) co_return AnswerStatus::malformed;
      continue;
    }
    if (!is_acceptable(head, message.version())) co_return AnswerStatus::malformed;
    const bool bodiless = head.status == 204 || head.status == 304;
    state.clean_end = head.keep_alive && !(bodiless && head.find("content-length") != nullptr);
    co_return state.parser->is_done() ? AnswerStatus::done : AnswerStatus::more;
  }
}

Task<AnswerStatus> AnswerReader::read_some(std::string& body) {
  State& state = *state_;
  State::Parser& parser = *state.parser;
  while (!parser.is_done()) {
    if (state.buffer.empty()) {
      const asio::mutable_buffer room = state.buffer.room();
      const IoResult got = co_await state.transport.read_some(room);
      if (got.status == IoStatus::end && parser.need_eof()) {
        state.clean_end = false;
        co_return AnswerStatus::done;
      }
      if (got.status != IoStatus::ok) co_return from_io(got.status);
      state.buffer.commit(got.bytes);
    }
    if (const ErrorCode error = feed(parser, state.buffer)) {
      co_return error == http::error::body_limit ? AnswerStatus::too_large
                                                 : AnswerStatus::malformed;
    }
    std::string& fresh = parser.get().body();
    if (body.size() + fresh.size() > state.body_bytes_max) co_return AnswerStatus::too_large;
    if (fresh.empty()) {
      // An incomplete chunk header stays in the buffer: read on.
      if (parser.is_done() || state.buffer.empty()) continue;
      if (state.buffer.unread().size() > framing_bytes_max) co_return AnswerStatus::malformed;
      const asio::mutable_buffer room = state.buffer.room();
      const IoResult got = co_await state.transport.read_some(room);
      if (got.status != IoStatus::ok) co_return from_io(got.status);
      state.buffer.commit(got.bytes);
      continue;
    }
    body += fresh;
    fresh.clear();
    co_return parser.is_done() ? AnswerStatus::done : AnswerStatus::more;
  }
  co_return AnswerStatus::done;
}

Task<AnswerStatus> AnswerReader::read_all(std::string& body) {
  while (true) {
    const AnswerStatus status = co_await read_some(body);
    if (status != AnswerStatus::more) co_return status;
  }
}

bool AnswerReader::is_reusable() const {
  return state_->parser && state_->parser->is_done() && state_->clean_end && state_->buffer.empty();
}

}  // namespace portcullis
