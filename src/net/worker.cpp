#include "net/worker.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "net/client_watch.h"
#include "net/compute_pool.h"
#include "net/key_keeper.h"
#include "net/waiter.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds first_request_grace{1000};

// Until what `keep` was given to keep is called.
template <class Keep>
Task<void> suspend(Keep& keep) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(keep, asio::use_awaitable);
}

SourceLimits::Rates rates_of(const LimitsSection& limits) {
  return {limits.token_verifications_per_s, limits.token_verifications_per_source_s};
}

}  // namespace

Worker::Worker(const Shared& shared, std::shared_ptr<const Snapshot> snapshot)
    : shared_(shared),
      io_(std::make_unique<asio::io_context>(1)),
      snapshot_(std::move(snapshot)),
      scanner_(snapshot_->classifier),
      tokens_(snapshot_->config->limits.token_cache_entries),
      limits_(rates_of(snapshot_->config->limits)) {
  for (const UpstreamSection& upstream : snapshot_->config->upstreams) {
    pools_.emplace(upstream.name, std::make_unique<UpstreamPool>(upstream));
  }
  queue_ = shared_.log.make_queue([this] { asio::post(*io_, [this] { take_commits(); }); });
  asio::co_spawn(*io_, flush_shed_counts(), asio::detached);
  asio::co_spawn(*io_, look_after_exchanges(), asio::detached);
}

Worker::~Worker() {
  std::exchange(commits_, {}).clear();  // ends exchanges, which give connections back to a pool
  for (const auto& [name, pool] : pools_) pool->drop_idle();
  io_.reset();
}

void Worker::adopt(std::shared_ptr<const Snapshot> snapshot) {
  // Compiled here, on the caller's thread: the worker must not stall.
  std::shared_ptr<Scanner> scanner;
  if (snapshot->classifier) scanner = std::make_shared<Scanner>(snapshot->classifier);
  asio::post(*io_, [this, snapshot = std::move(snapshot), scanner] {
    if (snapshot->classifier != snapshot_->classifier) scanner_ = std::move(*scanner);
    snapshot_ = snapshot;
  });
}

Task<Committed> Worker::commit(Draft draft) {
  const std::uint64_t ticket = next_ticket_++;
  const auto due = std::chrono::steady_clock::now() + snapshot_->config->limits.commit_timeout;
  std::optional<Committed> committed;
  hand_over(std::move(draft), ticket);
  auto wait = [&](auto resume) {
    commits_.try_emplace(ticket, AwaitedCommit{std::move(resume), &committed, due});
  };
  co_await suspend(wait);
  if (committed) co_return std::move(*committed);
  Committed late;
  late.ticket = ticket;
  late.failure = Reason::audit_unavailable;
  co_return late;
}

// A commit's answers wake many exchanges at once. Were a sleeping writer woken for the first of
// their next records, it would sync that one alone and all others would wait for a second sync: so
// it is woken for some of them, or at the end of this turn of the loop.
void Worker::hand_over(Draft draft, std::uint64_t ticket) {
  constexpr std::size_t enough = 4;
  queue_->submit_quietly(std::move(draft), ticket);
  ++unannounced_;
  if (unannounced_ >= enough) return wake_writer();
  if (unannounced_ == 1) asio::post(*io_, [this] { wake_writer(); });
}

void Worker::wake_writer() {
  if (std::exchange(unannounced_, 0) > 0) queue_->wake_writer();
}

void Worker::take_commits() {
  for (Committed& committed : queue_->take()) {
    auto awaited = commits_.extract(committed.ticket);
    if (awaited.empty()) continue;  // nobody waits any more: its Clearance dies here, unused
    awaited.mapped().answer->emplace(std::move(committed));
    std::move(awaited.mapped().resume)();
  }
}

void Worker::give_up_late_commits() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::uint64_t> late;
  for (const auto& [ticket, awaited] : commits_) {
    if (awaited.due <= now) late.push_back(ticket);
  }
  for (const std::uint64_t ticket : late) {
    auto awaited = commits_.extract(ticket);
    if (!awaited.empty()) std::move(awaited.mapped().resume)();
  }
}

// One timer for what nearly always is over long before: a commit, an upstream's answer.
Task<void> Worker::look_after_exchanges() {
  asio::steady_timer timer(*io_);
  while (true) {
    timer.expires_after(std::chrono::milliseconds(200));
    co_await timer.async_wait(as_values);
    give_up_late_commits();
    for (Connection* connection : connections_) {
      if (connection->watch != nullptr) connection->watch->look();
    }
  }
}

Task<void> Worker::judge(const Inquiry& inquiry, std::string body, Ruling& ruling) {
  const LimitsSection& limits = inquiry.snapshot->config->limits;
  const bool is_encoded = inquiry.head.find("content-encoding") != nullptr;  // may grow 200-fold
  if (body.size() < limits.compute_bytes_min && !is_encoded) {
    ruling = portcullis::judge(inquiry, std::move(body), scanner_, shared_.evidence);
    co_return;
  }
  // The job owns copies: it may still run when the deadline has passed and the exchange is over.
  struct Job {
    Inquiry inquiry;
    std::string body;
    std::weak_ptr<Waiter<Ruling>> waiter;
  };
  auto waiter = std::make_shared<Waiter<Ruling>>(io_->get_executor(), limits.classify_timeout);
  auto job = std::make_shared<Job>(Job{inquiry, std::move(body), waiter});
  const bool accepted =
      shared_.compute.submit(inquiry.snapshot->classifier, [this, job](Scanner& scanner) {
        if (job->waiter.expired()) return;  // nobody waits any more
        auto made = std::make_shared<Ruling>(
            portcullis::judge(job->inquiry, std::move(job->body), scanner, shared_.evidence));
        asio::post(*io_, [job, made] {
          if (const auto waiting = job->waiter.lock()) waiting->deliver(std::move(*made));
        });
      });
  if (accepted) {
    std::optional<Ruling> made = co_await waiter->wait();
    if (made) {
      ruling = std::move(*made);
      co_return;
    }
  }
  const Denial denial{Reason::overloaded,
                      accepted ? "the body was not judged in time (limits.classify_timeout)"
                               : "too many large bodies are waiting to be judged",
                      {}};
  ruling = portcullis::refuse(inquiry, denial, scanner_, shared_.evidence);
}

Task<void> Worker::refresh_keys(Inquiry& inquiry, std::string_view token) {
  const OrDenial<TokenHint> hint = peek_token(token, inquiry.snapshot->identity);
  if (!hint) co_return;
  auto waiter = std::make_shared<Waiter<bool>>(
      io_->get_executor(), inquiry.snapshot->config->identity.fetch_timeout * 2);
  const std::weak_ptr<Waiter<bool>> waiting = waiter;
  shared_.keys.refetch(hint->issuer, [this, waiting] {
    asio::post(*io_, [waiting] {
      if (const auto here = waiting.lock()) here->deliver(true);
    });
  });
  co_await waiter->wait();
  inquiry.snapshot = snapshot_;
}

Task<void> Worker::flush_shed_counts() {
  asio::steady_timer timer(*io_);
  while (true) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(as_values);
    const std::vector<ShedRow> rows = limits_.take_counts();
    if (!rows.empty()) note(draft_shed(rows));
  }
}

void Worker::drain() {
  draining_ = true;
  for (Connection* connection : connections_) {
    if (connection->idle && connection->used) connection->transport->close();
  }
  asio::co_spawn(*io_, close_unused(), asio::detached);
}

Task<void> Worker::close_unused() {
  asio::steady_timer timer(*io_, first_request_grace);
  co_await timer.async_wait(as_values);
  for (Connection* connection : connections_) {
    if (connection->idle) connection->transport->close();
  }
}

void Worker::cut() {
  for (Connection* connection : connections_) connection->transport->reset();
}

}  // namespace portcullis
