#include "net/server.h"

#include <sys/resource.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <thread>

#include "audit/retire.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/log.h"
#include "enforce/admit.h"
#include "net/admin.h"
#include "net/anchors.h"
#include "net/compute_pool.h"
#include "net/key_keeper.h"
#include "net/listener.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr int exit_poisoned = 70;
constexpr Milliseconds cut_grace{2'000};  // for the outcomes of exchanges that were cut

std::size_t worker_count(const ListenSection& listen) {
  if (listen.workers > 0) return static_cast<std::size_t>(listen.workers);
  return std::max(1u, std::thread::hardware_concurrency());
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

tl::unexpected<ConfigErrors> errors_of(const Error& error) {
  return tl::unexpected<ConfigErrors>(ConfigErrors{error.message});
}

// Connecting is not cut, and ends by itself: its exchange's outcome comes after that.
Milliseconds grace_of(const Config& config) {
  Milliseconds longest{0};
  for (const UpstreamSection& upstream : config.upstreams) {
    longest = std::max(longest, upstream.connect_timeout);
  }
  return longest + cut_grace;
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<const Config> config;
  std::shared_ptr<const Snapshot> snapshot;  // the newest; the housekeeping thread's
  Metrics metrics;
  asio::io_context housekeeping{1};
  std::unique_ptr<AuditLog> log;
  std::unique_ptr<Anchors> anchors;  // see `log`
  std::unique_ptr<EvidenceKey> evidence;
  std::unique_ptr<KeyKeeper> keys;
  std::unique_ptr<ComputePool> compute;
  std::unique_ptr<MemoryBudget> memory;
  std::unique_ptr<asio::ssl::context> tls;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::optional<Tcp::acceptor> admin;
  AdminPages pages;
  asio::signal_set signals{housekeeping, SIGTERM, SIGINT, SIGHUP};
  std::vector<std::thread> threads;
  std::uint16_t port = 0;
  std::uint16_t admin_port = 0;
  int exit_code = 0;
  bool stopping = false;
  std::atomic<std::size_t> accepting{0};  // while draining: workers that may still take connections

  Result<void> retire_if_rolled_back();
  Result<void> open_log();
  Result<void> record_inputs();
  Result<void> bind();
  void start_workers();
  void publish(std::shared_ptr<const Snapshot> next);
  bool adopt_keys(const KeyKeeper::Change& change);
  void reload();
  void begin_stop(int code);
  void record_last_counts();
  std::string amiss() const;
  Task<void> handle_signals();
  Task<void> drain();
  Task<void> wait_for_connections(std::chrono::milliseconds time);
};

// A witness that saw more of the stream than is here, or something else: nothing may be added to
// it.
Result<void> Server::Impl::retire_if_rolled_back() {
  const std::optional<std::string> why = anchors->find_rollback();
  if (!why) return {};
  log::error("the audit log was rolled back or forked: " + *why);
  const auto retired = audit::retire_stream(config->audit, {audit::Succession::restored, {}});
  if (!retired) return tl::unexpected<Error>(retired.error());
  log::error("stream " + hex(*retired) + " was put away in " + config->audit.directory + "/" +
             audit::retired_directory_name + "; a new one begins, which says that it was restored");
  return {};
}

Result<void> Server::Impl::open_log() {
  const Result<void> checked = retire_if_rolled_back();
  if (!checked) return checked;
  auto opened = AuditLog::open(config->audit, [this](const Error& error) {
    log::error("the audit log failed, everything is denied from now on: " + error.message);
    asio::post(housekeeping, [this] { begin_stop(exit_poisoned); });
  });
  if (!opened) return tl::unexpected<Error>(opened.error());
  log = std::move(*opened);
  evidence = std::make_unique<EvidenceKey>(log->evidence_key());
  return record_inputs();
}

// Everything that decisions will depend on, before the first of them.
Result<void> Server::Impl::record_inputs() {
  std::vector<Change> inputs = {
      {"config", "", snapshot->config_digest},
      {"policy", snapshot->policy->name(), snapshot->policy->digest()},
      {"detectors", "", snapshot->classifier->digest()},
  };
  if (snapshot->directory) inputs.push_back({"directory", "", snapshot->directory->digest()});
  for (const Change& input : inputs) {
    const Result<Receipt> receipt = log->commit(draft_change(input));
    if (!receipt) return tl::unexpected<Error>(receipt.error());
  }
  return {};
}

Result<void> Server::Impl::bind() {
  if (!config->listen.tls.certificate.empty()) {
    auto made = make_server_tls(config->listen.tls);
    if (!made) return tl::unexpected<Error>(made.error());
    tls = std::move(*made);
  }
  std::vector<asio::io_context*> ios;
  for (const auto& worker : workers) ios.push_back(&worker->io());
  auto acceptors = bind_listeners(config->listen.endpoint, ios);
  if (!acceptors) return tl::unexpected<Error>(acceptors.error());
  boost::system::error_code ignored;
  port = acceptors->front().local_endpoint(ignored).port();
  const auto share = [&](std::size_t all) {
    return std::max<std::size_t>(1, all / workers.size());
  };
  const Listener::Options options{share(config->limits.connections_max),
                                  share(config->limits.connections_per_source_max), tls.get()};
  for (std::size_t i = 0; i < workers.size(); ++i) {
    listeners.push_back(
        std::make_unique<Listener>(*workers[i], std::move((*acceptors)[i]), options));
  }
  if (!config->admin) return {};
  auto acceptor = bind_one(*config->admin, housekeeping);
  if (!acceptor) return tl::unexpected<Error>(acceptor.error());
  admin.emplace(std::move(*acceptor));
  admin_port = admin->local_endpoint(ignored).port();
  return {};
}

void Server::Impl::start_workers() {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    listeners[i]->start();
    threads.emplace_back([this, i] { workers[i]->io().run(); });
    pthread_setname_np(threads.back().native_handle(), "pc-worker");
  }
}

void Server::Impl::publish(std::shared_ptr<const Snapshot> next) {
  snapshot = std::move(next);
  for (const auto& worker : workers) worker->adopt(snapshot);
}

// A loss of trust takes effect even if it cannot be recorded.
bool Server::Impl::adopt_keys(const KeyKeeper::Change& change) {
  const std::string& issuer = config->identity.issuers[change.issuer].rules.issuer;
  const Result<Receipt> recorded = log->commit(draft_change({"keys", issuer, change.digest}));
  if (!recorded) log::error("a change of keys could not be recorded: " + recorded.error().message);
  if (!recorded && change.keys.usable) return false;
  auto next = std::make_shared<Snapshot>(*snapshot);
  next->keys[change.issuer] = change.keys;
  publish(std::move(next));
  return true;
}

// What the configuration names is read anew; the configuration itself needs a restart.
void Server::Impl::reload() {
  auto loaded = load_snapshot(config);
  if (!loaded) {
    for (const std::string& error : loaded.error()) log::error("reload refused: " + error);
    return;
  }
  auto next = std::make_shared<Snapshot>(**loaded);
  for (std::size_t i = 0; i < next->keys.size(); ++i) {
    if (config->identity.issuers[i].jwks_file.empty()) next->keys[i] = snapshot->keys[i];
  }
  const std::shared_ptr<const Snapshot> before = std::exchange(snapshot, next);
  const Result<void> recorded = record_inputs();
  if (!recorded) {
    snapshot = before;
    log::error("reload refused: " + recorded.error().message);
    return;
  }
  publish(next);
  log::info("reloaded: policy " + next->policy->name() + " sequence " +
            std::to_string(next->policy->sequence()));
}

std::string Server::Impl::amiss() const {
  if (stopping) return "draining";
  if (!log->healthy()) return "the audit log cannot take records";
  if (is_directory_stale(*snapshot, RealClock().wall_seconds())) return "the directory is stale";
  for (std::size_t i = 0; i < snapshot->keys.size(); ++i) {
    if (!snapshot->keys[i].usable) {
      return "no usable keys of issuer " + config->identity.issuers[i].rules.issuer;
    }
  }
  return {};
}

void Server::Impl::begin_stop(int code) {
  exit_code = std::max(exit_code, code);
  if (std::exchange(stopping, true)) return;
  asio::co_spawn(housekeeping, drain(), asio::detached);
}

// What was refused since the workers last said so; their threads have ended.
void Server::Impl::record_last_counts() {
  for (const auto& worker : workers) {
    const std::vector<ShedRow> rows = worker->limits().take_counts();
    if (!rows.empty()) worker->note(draft_shed(rows));
  }
}

Task<void> Server::Impl::handle_signals() {
  while (true) {
    const auto [error, signal] = co_await signals.async_wait(as_values);
    if (error) co_return;
    if (signal == SIGHUP) {
      reload();
    } else {
      log::info("draining");
      begin_stop(0);
    }
  }
}

Task<void> Server::Impl::wait_for_connections(std::chrono::milliseconds time) {
  asio::steady_timer pause(housekeeping);
  const auto deadline = std::chrono::steady_clock::now() + time;
  while ((accepting > 0 || metrics.connections > 0) &&
         std::chrono::steady_clock::now() < deadline) {
    pause.expires_after(std::chrono::milliseconds(20));
    co_await pause.async_wait(as_values);
  }
}

// Stop accepting, let exchanges finish, cut those that do not, then end the threads. With a
// poisoned log every request is still answered, with a denial, for the drain deadline: nobody is
// left without a word.
Task<void> Server::Impl::drain() {
  const Milliseconds patience = config->limits.drain_timeout;
  if (exit_code == exit_poisoned) {
    asio::steady_timer denying(housekeeping, patience);
    co_await denying.async_wait(as_values);
  }
  accepting = workers.size();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    asio::post(workers[i]->io(), [this, i] {
      listeners[i]->stop();
      workers[i]->drain();
      // After the turn in which the connections just taken count themselves.
      asio::post(workers[i]->io(), [this] { --accepting; });
    });
  }
  co_await wait_for_connections(patience);
  for (const auto& worker : workers) {
    asio::post(worker->io(), [&worker = *worker] { worker.cut(); });
  }
  const Milliseconds grace = grace_of(*config);
  co_await wait_for_connections(grace);
  boost::system::error_code ignored;
  if (admin) admin->close(ignored);
  signals.cancel(ignored);
  housekeeping.stop();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  Impl& impl = *impl_;
  for (const auto& worker : impl.workers) worker->io().stop();
  for (std::thread& thread : impl.threads) thread.join();
  impl.compute.reset();
  impl.anchors.reset();
  impl.log.reset();
}

tl::expected<std::unique_ptr<Server>, ConfigErrors> Server::start(
    std::shared_ptr<const Config> config) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  auto loaded = load_snapshot(config);
  if (!loaded) return tl::unexpected<ConfigErrors>(loaded.error());
  ConfigErrors unready;
  for (const UpstreamSection& upstream : config->upstreams) {
    const Result<void> checked = check_upstream(upstream);
    if (!checked) unready.push_back("upstream " + upstream.name + ": " + checked.error().message);
  }
  if (!unready.empty()) return tl::unexpected<ConfigErrors>(std::move(unready));
  auto anchors = Anchors::load(*config);
  if (!anchors)
    return errors_of({anchors.error().cause, "audit.anchors: " + anchors.error().message});
  auto owned = std::make_unique<Impl>();
  Impl& impl = *owned;
  impl.config = config;
  impl.snapshot = *loaded;
  impl.anchors = std::move(*anchors);
  const Result<void> opened = impl.open_log();
  if (!opened) return errors_of(opened.error());
  impl.compute = std::make_unique<ComputePool>(ComputePool::Size{});
  impl.keys = std::make_unique<KeyKeeper>(
      impl.housekeeping, config,
      [&impl](const KeyKeeper::Change& change) { return impl.adopt_keys(change); });
  impl.memory = std::make_unique<MemoryBudget>(
      MemoryBudget::Limits{config->limits.memory_max, config->limits.memory_per_subject_max});
  const Shared shared{*impl.log,  *impl.evidence, *impl.compute,
                      *impl.keys, impl.metrics,   *impl.memory};
  for (std::size_t i = 0; i < worker_count(config->listen); ++i) {
    impl.workers.push_back(std::make_unique<Worker>(shared, impl.snapshot));
  }
  const Result<void> bound = impl.bind();
  if (!bound) return errors_of(bound.error());
  impl.pages = {[&impl] { return impl.amiss(); },
                [&impl] {
                  return render_metrics(impl.metrics) +
                         render_anchor_metrics(impl.anchors->status());
                }};
  return std::unique_ptr<Server>(new Server(std::move(owned)));
}

std::uint16_t Server::port() const { return impl_->port; }
std::uint16_t Server::admin_port() const { return impl_->admin_port; }

int Server::run() {
  Impl& impl = *impl_;
  impl.start_workers();
  impl.keys->start();
  impl.anchors->start(*impl.log);
  asio::co_spawn(impl.housekeeping, impl.handle_signals(), asio::detached);
  if (impl.admin) {
    asio::co_spawn(impl.housekeeping, serve_admin(*impl.admin, impl.pages, impl.config->limits),
                   asio::detached);
  }
  const auto working = asio::make_work_guard(impl.housekeeping);
  impl.housekeeping.run();
  for (const auto& worker : impl.workers) worker->io().stop();
  for (std::thread& thread : impl.threads) thread.join();
  impl.threads.clear();
  impl.record_last_counts();
  impl.anchors->finish();
  const Result<void> sealed = impl.log->close();
  if (!sealed) {
    log::error("the audit log could not be sealed: " + sealed.error().message);
    return exit_poisoned;
  }
  return impl.exit_code;
}

void Server::stop() {
  asio::post(impl_->housekeeping, [this] { impl_->begin_stop(0); });
}

}  // namespace portcullis
