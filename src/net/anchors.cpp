#include "net/anchors.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <charconv>

#include "audit/input.h"
#include "audit/proof.h"
#include "base/log.h"
#include "net/anchor_time_stamp.h"
#include "net/upstream_pool.h"

namespace portcullis {
namespace {

constexpr std::chrono::seconds start_patience{20};

Result<audit::WitnessKey> load_witness_key(const WitnessSection& section) {
  if (section.key_file.empty()) return audit::parse_witness_key(section.key);
  const auto text = audit::read_small_file(section.key_file);
  if (!text) return tl::unexpected<Error>(text.error());
  auto keys = audit::parse_witness_keys(*text);
  if (!keys) return failure(keys.error().cause, section.key_file + ": " + keys.error().message);
  if (keys->size() != 1) {
    return failure(Cause::invalid, section.key_file + ": expected one verifier key");
  }
  return std::move(keys->front());
}

// What the file `checkpoint` says. Nothing is taken on its word: its size says when to look, and
// its note goes to witnesses, who judge it.
Result<SignedCheckpoint> newest_signed(const std::string& directory) {
  auto note = audit::read_small_file(directory + "/checkpoint");
  if (!note) return tl::unexpected<Error>(note.error());
  if (note->empty()) return failure(Cause::invalid, "the file checkpoint is empty");
  SignedCheckpoint out{0, std::move(*note)};
  std::string_view rest = out.note;
  rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  std::from_chars(rest.data(), rest.data() + rest.size(), out.size);
  return out;
}

Result<void> check_tls(const std::string& ca_file) {
  if (ca_file.empty()) return {};
  const auto tls = make_client_tls(ca_file);
  if (!tls) return tl::unexpected<Error>(tls.error());
  return {};
}

struct Answers {
  std::size_t count = 0;
  std::optional<std::string> rollback;
};

Task<void> ask_at_start(WitnessClient& witness, const SignedCheckpoint& checkpoint,
                        Answers& answers) {
  const Result<Draft> cosigned = co_await witness.cosign(checkpoint);
  ++answers.count;
  if (cosigned) co_return;
  const Error& error = cosigned.error();
  if (error.cause == Cause::stale) answers.rollback = error.message;
  log::warning("witness " + witness.name() + " at start: " + error.message);
}

}  // namespace

Result<std::unique_ptr<Anchors>> Anchors::load(const Config& config) {
  std::unique_ptr<Anchors> out(new Anchors(config));
  const AnchorsSection& section = config.anchors;
  if (section.time_stamp) {
    auto authorities = audit::TimeStampAuthorities::load({section.time_stamp->ca_file});
    if (!authorities) return tl::unexpected<Error>(authorities.error());
    out->authorities_ = std::move(*authorities);
    const Result<void> tls = check_tls(section.time_stamp->tls_ca_file);
    if (!tls) return tl::unexpected<Error>(tls.error());
  }
  const std::string& directory = config.audit.directory;
  for (const WitnessSection& witness : section.witnesses) {
    auto key = load_witness_key(witness);
    if (!key) {
      return failure(key.error().cause, "witness " + witness.url + ": " + key.error().message);
    }
    const Result<void> tls = check_tls(witness.tls_ca_file);
    if (!tls) return tl::unexpected<Error>(tls.error());
    const auto prove = [directory](std::uint64_t old_size, std::uint64_t new_size) {
      return audit::prove_consistency(directory, old_size, new_size);
    };
    out->witnesses_.emplace_back(witness, std::move(*key), prove);
  }
  return out;
}

std::optional<std::string> Anchors::find_rollback() const {
  if (witnesses_.empty()) return std::nullopt;
  const Result<SignedCheckpoint> checkpoint = newest_signed(config_.audit.directory);
  if (!checkpoint) return std::nullopt;  // no stream yet, or none that can be opened
  // Copies: what they learn about a log that is rolled back is of no use for the next.
  std::vector<WitnessClient> witnesses = witnesses_;
  Answers answers;
  asio::io_context io(1);
  for (WitnessClient& witness : witnesses) {
    asio::co_spawn(io, ask_at_start(witness, *checkpoint, answers), asio::detached);
  }
  io.run_for(start_patience);
  if (answers.count < witnesses.size()) log::warning("not every witness answered at start");
  return answers.rollback;
}

std::vector<AnchorTarget> Anchors::targets() {
  std::vector<AnchorTarget> out;
  if (authorities_) {
    const TimeStampSection& section = *config_.anchors.time_stamp;
    out.push_back({"time_stamp", section.every, [this, &section](const SignedCheckpoint& now) {
                     return time_stamp_note(section, *authorities_, now.note);
                   }});
  }
  for (WitnessClient& witness : witnesses_) {
    out.push_back({"witness " + witness.name(), witness.section().every,
                   [&witness](const SignedCheckpoint& now) { return witness.cosign(now); }});
  }
  return out;
}

void Anchors::start(AuditLog& log) {
  AnchorLog seen{[&log] { return log.checkpoint_now(); },
                 [&log](Draft draft) { return log.commit(std::move(draft)); },
                 [this] {
                   const auto newest = newest_signed(config_.audit.directory);
                   return newest ? newest->size : 0;
                 }};
  keeper_ = std::make_unique<AnchorKeeper>(std::move(seen), targets());
  keeper_->start();
}

void Anchors::finish() {
  if (keeper_) keeper_->finish();
}

std::vector<AnchorStatus> Anchors::status() const {
  return keeper_ ? keeper_->status() : std::vector<AnchorStatus>();
}

}  // namespace portcullis
