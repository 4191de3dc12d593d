#include "net/exchange.h"

#include <algorithm>
#include <exception>

#include "base/log.h"
#include "base/uuid.h"
#include "enforce/admit.h"
#include "net/forward.h"
#include "net/reply.h"

namespace portcullis {
namespace {

class Exchange {
 public:
  Exchange(Worker& worker, const ClientSide& client, RequestHead head)
      : worker_(worker), client_(client), memory_(worker.shared().memory) {
    inquiry_.id = uuid_v7(clock_.wall());
    inquiry_.head = std::move(head);
    inquiry_.snapshot = worker.snapshot();
    inquiry_.now = clock_.wall_seconds();
  }

  // The whole product, in order.
  Task<Ending> run() {
    const OrDenial<void> identified = co_await identify_caller();
    if (!identified) {
      const Ending ending = co_await refuse(identified.error());
      co_return ending;
    }
    memory_.charge_to(inquiry_.who->subject.id);
    const OrDenial<void> admitted = admit(inquiry_);
    if (!admitted) {
      const Ending ending = co_await refuse(admitted.error());
      co_return ending;
    }
    OrDenial<std::string> body = co_await receive_body();
    if (!body) {
      const Ending ending = co_await refuse(body.error());
      co_return ending;
    }
    Ruling ruling;
    co_await worker_.judge(inquiry_, std::move(*body), ruling);  // extract to transform
    Draft draft = draft_decision(inquiry_, ruling);
    Committed committed = co_await worker_.commit(std::move(draft));
    if (!committed.clearance) {
      const Ending ending = co_await answer_denial(ruling, committed);
      co_return ending;
    }
    ++worker_.shared().metrics.allowed;
    const Ending ending = co_await forward_and_answer(std::move(*committed.clearance), ruling);
    co_return ending;
  }

 private:
  Task<OrDenial<void>> identify_caller();
  Task<OrDenial<std::string>> receive_body();
  Task<Ending> refuse(Denial denial);
  Task<Ending> answer_denial(const Ruling& ruling, const Committed& committed);
  Task<Ending> forward_and_answer(Clearance clearance, const Ruling& ruling);
  ReplyContext reply_context() const;
  Task<Ending> send_denial(const Denial& denial, ReplyContext context);

  RealClock clock_;
  Worker& worker_;
  const ClientSide client_;
  MemoryLease memory_;
  Inquiry inquiry_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

bool fresh_keys_may_help(Reason reason) {
  return reason == Reason::token_key_unknown || reason == Reason::issuer_unavailable;
}

Task<OrDenial<void>> Exchange::identify_caller() {
  const OrDenial<void> routed = find_route(inquiry_);
  if (!routed) co_return routed;
  const OrDenial<PresentedToken> token = find_token(inquiry_);
  if (!token) co_return tl::unexpected<Denial>(token.error());
  if (!is_cached(inquiry_, *token, worker_.tokens()) &&
      !worker_.limits().may_verify(source_network(inquiry_.head.source), started_)) {
    co_return deny(Reason::token_rate,
                   "too many unverified tokens (limits.token_verifications_per_source_s)");
  }
  OrDenial<void> identified = identify(inquiry_, *token, worker_.tokens());
  if (identified || !fresh_keys_may_help(identified.error().reason)) co_return identified;
  const std::string_view again = token->text();
  co_await worker_.refresh_keys(inquiry_, again);
  const OrDenial<void> rerouted = find_route(inquiry_);  // the snapshot is a newer one
  if (!rerouted) co_return rerouted;
  identified = identify(inquiry_, *token, worker_.tokens());
  co_return identified;
}

Task<OrDenial<std::string>> Exchange::receive_body() {
  const RequestHead& head = inquiry_.head;
  if (head.expects_continue && head.has_body() && !head.http_1_0) {  // RFC 9110, 10.1.1
    constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await send_to_client(worker_, client_.transport, go_on);
  }
  OrDenial<std::string> body = co_await client_.reader.read_body(memory_);
  co_return body;
}

ReplyContext Exchange::reply_context() const {
  ReplyContext context;
  const Config& config = *inquiry_.snapshot->config;
  context.decision_id = inquiry_.id;
  context.keep_alive =
      inquiry_.head.keep_alive && client_.reader.is_done() && !worker_.is_draining();
  context.cors_origin = allowed_origin(config, inquiry_.head);
  if (!config.listen.public_url.empty()) {
    context.resource_metadata = config.listen.public_url + "/.well-known/oauth-protected-resource";
  }
  return context;
}

// Before the body was judged. Who could not be identified must not be able to buy a disk sync, nor
// fill the disk: such a denial is recorded without waiting, and past a rate only counted.
Task<Ending> Exchange::refuse(Denial denial) {
  const Ruling ruling =
      portcullis::refuse(inquiry_, denial, worker_.scanner(), worker_.shared().evidence);
  if (inquiry_.is_identified()) {
    Draft draft = draft_decision(inquiry_, ruling);
    const Committed committed = co_await worker_.commit(std::move(draft));
    const Ending ending = co_await answer_denial(ruling, committed);
    co_return ending;
  }
  const std::string network = source_network(inquiry_.head.source);
  if (worker_.limits().may_record(network, started_)) {
    worker_.note(draft_decision(inquiry_, ruling));
  } else {
    worker_.limits().count(denial.reason, network);
  }
  ++worker_.shared().metrics.denied;
  const ReplyContext context = reply_context();
  const Ending ending = co_await send_denial(denial, context);
  co_return ending;
}

// The ruling denies, or it could not be made durable: then it is a denial all the same.
Task<Ending> Exchange::answer_denial(const Ruling& ruling, const Committed& committed) {
  Denial denial{ruling.decision.reason, ruling.decision.detail, ruling.pointer};
  if (!committed.receipt || committed.failure != Reason::none) {
    denial = {committed.failure, "the decision could not be recorded, so nothing is forwarded", {}};
  }
  ++worker_.shared().metrics.denied;
  ReplyContext context = reply_context();
  context.receipt = committed.receipt;
  const Ending ending = co_await send_denial(denial, context);
  co_return ending;
}

Task<Ending> Exchange::send_denial(const Denial& denial, ReplyContext context) {
  // Who got the framing wrong may not share our view of where the request ended.
  if (denial.reason == Reason::http_malformed) context.keep_alive = false;
  const std::string reply = render_denial(denial, context);
  const IoStatus sent = co_await send_to_client(worker_, client_.transport, reply);
  if (sent != IoStatus::ok) co_return Ending::reset;
  co_return context.keep_alive ? Ending::keep : Ending::close;
}

Task<Ending> Exchange::forward_and_answer(Clearance clearance, const Ruling& ruling) {
  ReplyContext context = reply_context();
  context.receipt = clearance.receipt();
  const Outbound outbound{inquiry_, ruling, std::move(context), started_, memory_};
  const Ending ending = co_await forward(std::move(clearance), worker_, client_, outbound);
  co_return ending;
}

}  // namespace

Task<Ending> run_exchange(Worker& worker, const ClientSide& client, RequestHead head) {
  const std::string network = source_network(head.source);
  try {
    Exchange exchange(worker, client, std::move(head));
    const Ending ending = co_await exchange.run();
    co_return ending;
  } catch (const std::exception& thrown) {
    // Out of memory, for one. Nothing was forwarded without its Clearance, and no answer is passed
    // for whole.
    log::error(std::string("an exchange ended in an exception: ") + thrown.what());
    worker.limits().count(Reason::internal, network);
    co_return Ending::reset;
  }
}

Task<IoStatus> send_to_client(Worker& worker, Transport& client, std::string_view bytes) {
  client.expires_after(worker.snapshot()->config->limits.write_timeout);
  const asio::const_buffer whole(bytes.data(), bytes.size());
  const std::span<const asio::const_buffer> buffers(&whole, 1);
  const IoResult sent = co_await client.write(buffers);
  co_return sent.status;
}

std::string allowed_origin(const Config& config, const RequestHead& head) {
  const std::string* origin = head.find("origin");
  if (origin == nullptr) return {};
  const auto& listed = config.listen.cors_origins;
  return std::find(listed.begin(), listed.end(), *origin) == listed.end() ? "" : *origin;
}

}  // namespace portcullis
