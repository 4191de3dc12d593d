#include "net/forward.h"

#include <algorithm>
#include <array>

#include "enforce/forwarded.h"
#include "enforce/provenance.h"
#include "enforce/recordable.h"
#include "net/client_watch.h"
#include "net/http_gate.h"
#include "net/sse.h"

namespace portcullis {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Of an upstream's head, what is about the connection, about its own framing, or ours to say.
constexpr std::array<std::string_view, 16> withheld_headers = {"connection",
                                                               "keep-alive",
                                                               "proxy-authenticate",
                                                               "proxy-authorization",
                                                               "proxy-connection",
                                                               "te",
                                                               "trailer",
                                                               "transfer-encoding",
                                                               "upgrade",
                                                               "content-length",
                                                               "set-cookie",
                                                               "alt-svc",
                                                               "vary",
                                                               "www-authenticate",
                                                               "date",
                                                               "content-encoding"};

bool is_withheld(const AnswerHead& head, std::string_view name) {
  if (name.starts_with("portcullis-") || name.starts_with("access-control-")) return true;
  if (std::find(withheld_headers.begin(), withheld_headers.end(), name) != withheld_headers.end()) {
    return true;
  }
  return std::any_of(head.headers.begin(), head.headers.end(), [&](const Header& header) {
    return header.name == "connection" && has_token(header.value, name);
  });
}

std::string render_request(const Outbound& outbound, const UpstreamPool& pool) {
  const RequestHead& head = outbound.inquiry.head;
  const std::string& body = outbound.ruling.body;
  std::string out;
  out.reserve(1024);
  out.append(head.method).append(" ").append(pool.url().base_path);
  out += forwarded_target(outbound.inquiry);
  out += " HTTP/1.1\r\n";
  append_header(out, "Host", pool.url().authority);
  append_header(out, "Accept-Encoding", "identity");
  for (const Header* field : forwarded_fields(outbound.inquiry)) {
    if (field->name == "content-type" || pool.injects(field->name)) continue;
    append_header(out, field->name, field->value);
  }
  out += pool.injected();
  if (outbound.inquiry.endpoint->has_body) {
    append_header(out, "Content-Type", "application/json");
    append_header(out, "Content-Length", std::to_string(body.size()));
  }
  out += "\r\n";
  return out;
}

Denial denial_of(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::timeout:
      return {Reason::upstream_timeout, "the upstream did not answer in time", {}};
    case AnswerStatus::too_large:
      return {Reason::upstream_too_large,
              "the upstream's answer is too large (limits.answer_bytes_max)",
              {}};
    case AnswerStatus::malformed:
      return {Reason::upstream_invalid, "the upstream's answer is not valid HTTP/1.1", {}};
    case AnswerStatus::cut:
      return {Reason::upstream_invalid, "the upstream closed before its answer was complete", {}};
    case AnswerStatus::no_memory:
      return {Reason::overloaded, "no memory is left for the upstream's answer", {}};
    case AnswerStatus::more:
    case AnswerStatus::done:
      break;
  }
  return {Reason::internal, "the upstream's answer could not be read", {}};
}

// What no answer may be: not readable by us, or a way around us.
std::optional<Denial> check_answer_head(const AnswerHead& head) {
  if (head.status >= 300 && head.status < 400 && head.status != 304) {
    return Denial{Reason::upstream_redirect, "the upstream answered with a redirect", {}};
  }
  const bool is_encoded =
      std::any_of(head.headers.begin(), head.headers.end(), [](const Header& header) {
        return header.name == "content-encoding" && header.value != "identity";
      });
  if (is_encoded) {
    return Denial{Reason::upstream_invalid, "the upstream encoded its answer unasked", {}};
  }
  return std::nullopt;
}

// Whatever its fields say, nothing follows such a head: neither a body nor its framing.
bool is_bodiless(const AnswerHead& head) { return head.status == 204 || head.status == 304; }

// An answer that ends with the connection cannot be told from one that was cut. Events can: by
// their end.
bool is_delimited(const AnswerHead& head) {
  return head.find("content-length") != nullptr || head.find("transfer-encoding") != nullptr ||
         is_bodiless(head);
}

bool is_event_stream(const AnswerHead& head) {
  constexpr std::string_view stream = "text/event-stream";
  if (is_bodiless(head) || head.status == 205) return false;
  const std::string* type = head.find("content-type");
  return type != nullptr && equals_ignoring_case(type->substr(0, stream.size()), stream);
}

// After it a caller may leave: so it is held back until the outcome is durable. Texts may hold the
// same words: what looks like an end is read.
bool is_terminal(std::string_view event) {
  constexpr std::array<std::string_view, 3> names = {"response.completed", "response.failed",
                                                     "response.incomplete"};
  const std::string data = sse_data(event);
  if (data == "[DONE]") return true;
  const bool may_be = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return data.find(name) != data.npos;
  });
  return may_be && std::find(names.begin(), names.end(), event_type(data)) != names.end();
}

void append_chunk(std::string& out, std::string_view data) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = data.size(); rest > 0; rest /= 16)
    size.insert(size.begin(), digits[rest % 16]);
  out += size;
  out += "\r\n";
  out += data;
  out += "\r\n";
}

class Forwarding {
 public:
  Forwarding(Worker& worker, const ClientSide& client, const Outbound& outbound,
             const Receipt& receipt)
      : worker_(worker),
        client_(client),
        outbound_(outbound),
        receipt_(receipt),
        upstream_(*outbound.ruling.upstream),
        pool_(worker.pool(upstream_)),
        limits_(outbound.inquiry.snapshot->config->limits),
        returned_(worker.shared().evidence.commit_key(outbound.inquiry.id, "returned")) {
    outcome_.upstream = upstream_.name;
    if (upstream_.gateway == "none") {
      outcome_.provider = {pool_.url().authority, Provenance::config};
    }
  }

  ~Forwarding();
  Forwarding(const Forwarding&) = delete;
  Forwarding& operator=(const Forwarding&) = delete;

  Task<Ending> run();

 private:
  Task<Ending> exchange_with(Transport& upstream);
  Task<Ending> pass_whole(AnswerReader& reader, Transport& upstream);
  Task<Ending> pass_stream(AnswerReader& reader, Transport& upstream);
  Task<Ending> end_stream(AnswerStatus status);
  Task<Ending> fail(Denial denial);
  Task<bool> record_outcome();
  Denial explain(AnswerStatus status) const;
  void blame_upstream(Reason reason);
  void stop_watching();
  void append_events(std::string& out, std::string_view events);
  std::string answer_head(std::string_view framing) const;
  void learn_from_event(const std::string& event);
  Task<AnswerStatus> read_next(AnswerReader& reader, Transport& upstream, std::string& into);

  Worker& worker_;
  const ClientSide& client_;
  const Outbound& outbound_;
  const Receipt receipt_;
  const UpstreamSection& upstream_;
  UpstreamPool& pool_;
  const LimitsSection& limits_;
  const SteadyClock::time_point sent_ = SteadyClock::now();
  RunningHmac returned_;
  Outcome outcome_;
  AnswerHead head_;
  AnswerFacts facts_;
  std::optional<ClientWatch> watch_;
  std::string held_;  // the event that tells the caller it is all, and what follows it
  bool reusable_ = false;
};

Forwarding::~Forwarding() { stop_watching(); }

void Forwarding::stop_watching() {
  client_.connection.watch = nullptr;
  watch_.reset();
}

Task<Ending> Forwarding::run() {
  UpstreamPool::Lease lease = co_await pool_.lease();
  if (lease.transport() == nullptr) {
    Denial denial{Reason::upstream_unreachable, "the upstream cannot be reached", {}};
    if (pool_.is_full()) denial = {Reason::overloaded, "all upstream connections are in use", {}};
    const Ending ending = co_await fail(denial);
    co_return ending;
  }
  Transport& upstream = *lease.transport();
  watch_.emplace(client_.transport, upstream);
  client_.connection.watch = &*watch_;
  const Ending ending = co_await exchange_with(upstream);
  stop_watching();
  if (reusable_) lease.keep();
  co_return ending;
}

Task<Ending> Forwarding::exchange_with(Transport& upstream) {
  const std::string request = render_request(outbound_, pool_);
  const std::string& body = outbound_.ruling.body;
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(request), asio::buffer(body)};
  upstream.expires_after(upstream_.first_byte_timeout);
  const IoResult sent = co_await upstream.write(buffers);
  // A server that refuses early may have answered before it closed: read on even if writing failed.
  AnswerReader reader(upstream, limits_.answer_bytes_max);
  const AnswerStatus status = co_await reader.read_head(head_);
  if (status != AnswerStatus::more && status != AnswerStatus::done) {
    const Denial denial =
        sent.status == IoStatus::failed && status == AnswerStatus::cut
            ? Denial{Reason::upstream_unreachable, "the upstream closed the connection", {}}
            : denial_of(status);
    const Ending ending = co_await fail(denial);
    co_return ending;
  }
  outcome_.status = head_.status;
  outcome_.first_byte =
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - sent_);
  learn_from_headers(upstream_.gateway, head_.headers, outcome_);
  if (const auto denial = check_answer_head(head_)) {
    const Ending ending = co_await fail(*denial);
    co_return ending;
  }
  if (is_event_stream(head_)) {
    const Ending ending = co_await pass_stream(reader, upstream);
    co_return ending;
  }
  if (!is_delimited(head_)) {
    const Denial denial{Reason::upstream_invalid, "the upstream's answer has no length", {}};
    const Ending ending = co_await fail(denial);
    co_return ending;
  }
  const Ending ending = co_await pass_whole(reader, upstream);
  co_return ending;
}

// A read may take idle_timeout, but the whole answer no longer than stream_max: once that is over,
// nothing is read, for what is there already would never time out.
Task<AnswerStatus> Forwarding::read_next(AnswerReader& reader, Transport& upstream,
                                         std::string& into) {
  const auto left =
      std::chrono::duration_cast<Milliseconds>(sent_ + limits_.stream_max - SteadyClock::now());
  if (left <= Milliseconds(0)) co_return AnswerStatus::timeout;
  upstream.expires_after(std::min(left, upstream_.idle_timeout));
  const AnswerStatus status = co_await reader.read_some(into);
  co_return status;
}

Task<Ending> Forwarding::pass_whole(AnswerReader& reader, Transport& upstream) {
  std::string body;
  AnswerStatus status = AnswerStatus::more;
  while (status == AnswerStatus::more) {
    const AnswerStatus read = co_await read_next(reader, upstream, body);
    status = read;
    const bool has_room = outbound_.memory.hold(outbound_.ruling.body.size() + 2 * body.size());
    if (!has_room) status = AnswerStatus::no_memory;
  }
  if (status != AnswerStatus::done) {
    const Denial denial = explain(status);
    const Ending ending = co_await fail(denial);
    co_return ending;
  }
  reusable_ = reader.is_reusable();
  read_answer(outbound_.inquiry.route->surface, body, facts_);
  returned_.update(body);
  outcome_.bytes = body.size();
  outcome_.returned = returned_.finish();
  const bool recorded = co_await record_outcome();
  if (!recorded) co_return Ending::reset;
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  const std::string head = answer_head(is_bodiless(head_) ? "" : length);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head), asio::buffer(body)};
  client_.transport.expires_after(limits_.write_timeout);
  const IoResult sent = co_await client_.transport.write(buffers);
  if (sent.status != IoStatus::ok) co_return Ending::reset;
  co_return outbound_.reply.keep_alive ? Ending::keep : Ending::close;
}

Task<Ending> Forwarding::pass_stream(AnswerReader& reader, Transport& upstream) {
  std::string to_send =
      answer_head(outbound_.inquiry.head.http_1_0 ? "" : "Transfer-Encoding: chunked\r\n");
  SseSplitter splitter;
  std::string bytes;
  AnswerStatus status = AnswerStatus::more;
  while (status == AnswerStatus::more) {
    bytes.clear();
    const AnswerStatus read = co_await read_next(reader, upstream, bytes);
    status = read;
    splitter.feed(bytes);
    std::string events;
    while (std::optional<std::string> event = splitter.next()) {
      learn_from_event(*event);
      if (held_.empty() && !is_terminal(*event)) {
        events += *event;
      } else {
        held_ += *event;
      }
    }
    if (outcome_.bytes + events.size() + held_.size() + splitter.pending() >
        limits_.answer_bytes_max) {
      status = AnswerStatus::too_large;
    }
    const std::size_t kept = outbound_.ruling.body.size() + held_.size() + splitter.pending();
    if (!outbound_.memory.hold(kept)) status = AnswerStatus::no_memory;
    append_events(to_send, events);
    IoStatus sent = IoStatus::ok;
    if (!to_send.empty()) {
      const IoStatus written = co_await send_to_client(worker_, client_.transport, to_send);
      sent = written;
    }
    to_send.clear();
    if (sent != IoStatus::ok) {
      outcome_.client_aborted = true;
      outcome_.cut_at = outcome_.bytes;
      co_await record_outcome();
      co_return Ending::reset;
    }
  }
  // A stream that ends with its connection is whole only if it said so itself.
  const bool is_unfinished = splitter.is_within_event() || (!is_delimited(head_) && held_.empty());
  if (status == AnswerStatus::done && is_unfinished) status = AnswerStatus::cut;
  reusable_ = status == AnswerStatus::done && reader.is_reusable();
  const Ending ending = co_await end_stream(status);
  co_return ending;
}

// The outcome is durable before the stream is ended; a stream that was cut is never ended cleanly.
Task<Ending> Forwarding::end_stream(AnswerStatus status) {
  const bool is_whole = status == AnswerStatus::done;
  if (!is_whole) outcome_.cut_at = outcome_.bytes;
  if (!is_whole) blame_upstream(explain(status).reason);
  std::string last;
  append_events(last, is_whole ? held_ : render_stream_error(explain(status)));
  if (is_whole && !outbound_.inquiry.head.http_1_0) last += "0\r\n\r\n";
  outcome_.returned = returned_.finish();
  const bool recorded = co_await record_outcome();
  if (!recorded) co_return Ending::reset;
  const IoStatus sent = co_await send_to_client(worker_, client_.transport, last);
  if (sent != IoStatus::ok) co_return Ending::reset;
  if (!is_whole && outbound_.inquiry.head.http_1_0) co_return Ending::reset;
  const bool keep = is_whole && outbound_.reply.keep_alive && !outbound_.inquiry.head.http_1_0;
  co_return keep ? Ending::keep : Ending::close;
}

// Nothing of an answer was sent yet: the caller gets our own error instead.
Task<Ending> Forwarding::fail(Denial denial) {
  blame_upstream(denial.reason);
  const bool recorded = co_await record_outcome();
  if (!recorded) co_return Ending::reset;
  const std::string reply = render_denial(denial, outbound_.reply);
  const IoStatus sent = co_await send_to_client(worker_, client_.transport, reply);
  if (sent != IoStatus::ok) co_return Ending::reset;
  co_return outbound_.reply.keep_alive ? Ending::keep : Ending::close;
}

Denial Forwarding::explain(AnswerStatus status) const {
  Denial denial = denial_of(status);
  if (status == AnswerStatus::no_memory) {
    denial.detail += " (" + std::string(outbound_.memory.refused_by()) + ")";
  }
  return denial;
}

// When the caller has gone, the upstream connection was reset by us: that is no failure of the
// upstream.
void Forwarding::blame_upstream(Reason reason) {
  if (watch_ && watch_->is_gone()) return;
  outcome_.failure = reason;
  ++worker_.shared().metrics.upstream_failures;
}

// Events on their way to the caller, framed as the caller's version of HTTP needs.
void Forwarding::append_events(std::string& out, std::string_view events) {
  if (events.empty()) return;
  returned_.update(events);
  outcome_.bytes += events.size();
  if (outbound_.inquiry.head.http_1_0) {
    out += events;
  } else {
    append_chunk(out, events);
  }
}

Task<bool> Forwarding::record_outcome() {
  outcome_.client_aborted |= watch_ && watch_->is_gone();
  stop_watching();
  if (outcome_.model.from == Provenance::unknown && !facts_.model.empty()) {
    outcome_.model = {facts_.model, Provenance::body};
  }
  const std::array learnt = {&outcome_.model.value, &outcome_.provider.value};
  make_recordable(learnt, worker_.scanner(), worker_.shared().evidence);
  outcome_.input_tokens = facts_.input_tokens;
  outcome_.output_tokens = facts_.output_tokens;
  outcome_.total =
      std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - outbound_.started);
  Draft draft = draft_outcome(outbound_.inquiry.id, receipt_.seq, outcome_);
  const Committed committed = co_await worker_.commit(std::move(draft));
  co_return committed.receipt.has_value();
}

std::string Forwarding::answer_head(std::string_view framing) const {
  std::string out;
  out.reserve(1024);
  out += "HTTP/1.1 " + std::to_string(head_.status) + " ";
  out += status_text(head_.status);
  out += "\r\n";
  for (const Header& header : head_.headers) {
    if (!is_withheld(head_, header.name)) append_header(out, header.name, header.value);
  }
  append_context_headers(out, outbound_.reply);
  out += framing;
  if (!outbound_.reply.keep_alive) out += "Connection: close\r\n";  // HTTP/1.0 among them
  out += "\r\n";
  return out;
}

void Forwarding::learn_from_event(const std::string& event) {
  if (!facts_.model.empty() && event.find("\"usage\"") == event.npos) return;
  read_answer(outbound_.inquiry.route->surface, sse_data(event), facts_);
}

}  // namespace

Task<Ending> forward(Clearance clearance, Worker& worker, const ClientSide& client,
                     const Outbound& outbound) {
  const Clearance used = std::move(clearance);
  Forwarding forwarding(worker, client, outbound, used.receipt());
  const Ending ending = co_await forwarding.run();
  co_return ending;
}

}  // namespace portcullis
