#include "net/anchor_keeper.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"

namespace portcullis {
namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds look_every{5};  // for records that are not anchored yet
constexpr std::chrono::seconds first_pause{5};
constexpr std::chrono::seconds finish_max{20};
constexpr int doublings_max = 10;

}  // namespace

struct AnchorKeeper::State {
  AnchorTarget target;
  asio::steady_timer timer;
  std::optional<std::int64_t> anchored_others;  // records of others that are anchored
  int failures = 0;                             // in a row
  SteadyClock::time_point due{};                // of the next anchor, if there is news
  // For status(), written by the keeper's thread.
  std::atomic<std::uint64_t> good{0};
  std::atomic<std::uint64_t> bad{0};
  std::atomic<SteadyClock::rep> last_good{0};

  State(AnchorTarget given, asio::io_context& io) : target(std::move(given)), timer(io) {}
};

AnchorKeeper::AnchorKeeper(AnchorLog log, std::vector<AnchorTarget> targets)
    : log_(std::move(log)) {
  for (AnchorTarget& target : targets) {
    states_.push_back(std::make_unique<State>(std::move(target), io_));
  }
}

AnchorKeeper::~AnchorKeeper() { join(); }

void AnchorKeeper::join() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void AnchorKeeper::start() {
  for (const auto& state : states_) asio::co_spawn(io_, keep(*state), asio::detached);
  std::packaged_task<void()> run([this] { io_.run(); });
  ended_ = run.get_future();
  thread_ = std::thread(std::move(run));
  pthread_setname_np(thread_.native_handle(), "pc-anchors");
}

void AnchorKeeper::finish() {
  asio::post(io_, [this] {
    finishing_ = true;
    for (const auto& state : states_) state->timer.cancel();
  });
  if (ended_.wait_for(finish_max) != std::future_status::ready) {
    log::warning("the end of the audit log could not be anchored in time");
  }
  join();
}

std::vector<AnchorStatus> AnchorKeeper::status() const {
  std::vector<AnchorStatus> out;
  for (const auto& state : states_) {
    AnchorStatus& status = out.emplace_back();
    status = {state->target.name, state->good, state->bad, std::nullopt};
    if (status.good == 0) continue;
    const SteadyClock::time_point last(SteadyClock::duration(state->last_good.load()));
    status.age = std::chrono::duration_cast<std::chrono::seconds>(SteadyClock::now() - last);
  }
  return out;
}

std::int64_t AnchorKeeper::records_of_others() const {
  return static_cast<std::int64_t>(log_.size()) - own_records_;
}

bool AnchorKeeper::has_news(const State& state) const {
  return !state.anchored_others || records_of_others() > *state.anchored_others;
}

Task<void> AnchorKeeper::keep(State& state) {
  while (!finishing_) {
    if (SteadyClock::now() >= state.due && has_news(state)) {
      co_await anchor(state);
    }
    const auto rest = std::max<SteadyClock::duration>(state.due - SteadyClock::now(),
                                                      std::min(look_every, state.target.every));
    if (finishing_) break;
    state.timer.expires_after(rest);
    co_await state.timer.async_wait(as_values);
  }
  // What is known of the size may be a second old: at the end only a new note tells.
  if (!std::exchange(finished_note_, true)) note_.reset();
  const Result<SignedCheckpoint> last = newest_note();
  if (!last || note_others_ > state.anchored_others.value_or(-1)) {
    co_await anchor(state);
  }
}

// Targets that are due together, and one that is tried again while nothing happens, share a note.
Result<SignedCheckpoint> AnchorKeeper::newest_note() {
  if (note_ && records_of_others() <= note_others_) return *note_;
  auto taken = log_.checkpoint();
  if (!taken) return taken;
  note_others_ = static_cast<std::int64_t>(taken->size) - own_records_;
  ++own_records_;
  note_ = *taken;
  return taken;
}

Task<void> AnchorKeeper::anchor(State& state) {
  const Result<SignedCheckpoint> note = newest_note();
  if (!note) {
    failed(state, note.error());
    co_return;
  }
  const std::int64_t covered = note_others_;
  Result<Draft> draft = co_await state.target.ask(*note);
  if (!draft) {
    failed(state, draft.error());
    co_return;
  }
  const Result<Receipt> receipt = log_.commit(std::move(*draft));
  if (!receipt) {
    failed(state, receipt.error());
    co_return;
  }
  ++own_records_;
  state.anchored_others = covered;
  state.failures = 0;
  state.due = SteadyClock::now() + state.target.every;
  state.last_good = SteadyClock::now().time_since_epoch().count();
  ++state.good;
  log::info("anchored " + std::to_string(note->size) + " records: " + state.target.name);
}

void AnchorKeeper::failed(State& state, const Error& error) {
  ++state.bad;
  const auto pause = first_pause * (1 << std::min(state.failures++, doublings_max));
  state.due = SteadyClock::now() + std::min<std::chrono::seconds>(pause, state.target.every);
  const std::string message =
      "the audit log was not anchored (" + state.target.name + "): " + error.message;
  error.cause == Cause::stale ? log::error(message) : log::warning(message);
}

}  // namespace portcullis
