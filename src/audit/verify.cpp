#include "portcullis/verify.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "audit/verdict.h"
#include "audit/verify_stream.h"
#include "audit/verify_trust.h"
#include "base/encoding.h"

namespace portcullis {
namespace {

using audit::StatedPredecessor;
using audit::StreamPeek;
using audit::StreamTask;
using audit::VerifiedStream;
using audit::VerifyTrust;

constexpr std::size_t notes_max = 1000;

class LogVerifier {
 public:
  LogVerifier(const VerifyOptions& options, VerifyTrust trust)
      : options_(options), trust_(std::move(trust)) {}
  VerifyReport run();

 private:
  std::vector<StreamTask> plan() const;
  std::vector<PublicKey> vouched_keys(const std::vector<StreamPeek>& peeks) const;
  void fault(const std::string& file, std::string message);
  void fault_genesis(const VerifiedStream& stream, std::string message);
  void add_fault(Fault fault);
  void check_links();
  void check_link(const VerifiedStream& stream, const StatedPredecessor& predecessor);
  void anchor_predecessors();
  void check_manifest();
  void check_leftovers();
  void check_signatures();
  void add_stream(VerifiedStream& stream);
  void sum_up();
  void judge();

  const VerifyOptions& options_;
  VerifyTrust trust_;
  VerifyReport report_;
  std::vector<VerifiedStream> streams_;
  struct Successor {
    std::size_t index = 0;   // of the stream after it
    std::uint64_t size = 0;  // of the tree that it goes on from
  };
  std::map<std::string, Successor> followed_by_;  // by origin
  audit::FaultKinds kinds_;                       // of the faults that are of no one stream
  std::vector<Fault> faults_;                     // those
};

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (list.size() >= notes_max || std::find(list.begin(), list.end(), text) != list.end()) return;
  list.push_back(text);
}

void LogVerifier::add_fault(Fault fault) {
  kinds_.add(fault.kind);
  faults_.push_back(std::move(fault));
}

void LogVerifier::fault(const std::string& file, std::string message) {
  add_fault({file, 0, 0, std::nullopt, VerifyExit::integrity, std::move(message)});
}

void LogVerifier::fault_genesis(const VerifiedStream& stream, std::string message) {
  add_fault({stream.stitched.genesis_path, 1, 0, 0, VerifyExit::integrity, std::move(message)});
}

// The key from outside, and those that a stream under such a key names as its predecessor's.
std::vector<PublicKey> LogVerifier::vouched_keys(const std::vector<StreamPeek>& peeks) const {
  std::vector<PublicKey> keys;
  if (trust_.public_key) keys.push_back(*trust_.public_key);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (const StreamPeek& peek : peeks) {
      if (!peek.opening || peek.opening->public_key != keys[i]) continue;
      const auto& genesis = peek.opening->genesis;
      if (!genesis || !genesis->predecessor) continue;
      const PublicKey& before = genesis->predecessor->public_key;
      if (std::find(keys.begin(), keys.end(), before) == keys.end()) keys.push_back(before);
    }
  }
  return keys;
}

std::vector<StreamTask> LogVerifier::plan() const {
  std::vector<StreamPeek> peeks;
  for (const std::string& directory : options_.directories) {
    peeks.push_back(audit::peek_stream(directory));
  }
  const auto keys = vouched_keys(peeks);
  std::vector<std::uint64_t> sizes;
  for (const StreamPeek& peek : peeks) {
    if (!peek.opening || !peek.opening->genesis || !peek.opening->genesis->predecessor) continue;
    const StatedPredecessor& before = *peek.opening->genesis->predecessor;
    const auto note = audit::open_checkpoint(before.note, before.public_key);
    if (note) sizes.push_back(note->size);
  }
  const unsigned jobs = options_.jobs > 0 ? options_.jobs : std::thread::hardware_concurrency();
  std::vector<StreamTask> tasks;
  for (std::size_t i = 0; i < peeks.size(); ++i) {
    StreamTask task;
    task.directory = options_.directories[i];
    task.peek = std::move(peeks[i]);
    const auto own = task.peek.opening ? task.peek.opening->public_key : std::nullopt;
    const bool vouched = own && std::find(keys.begin(), keys.end(), *own) != keys.end();
    task.public_key = trust_.public_key && !vouched ? trust_.public_key : own;
    task.sizes = sizes;
    task.jobs = jobs;
    task.on_progress = options_.on_progress;
    tasks.push_back(std::move(task));
  }
  return tasks;
}

VerifyReport LogVerifier::run() {
  for (const StreamTask& task : plan()) {
    streams_.push_back(audit::verify_stream(task, trust_));
  }
  check_links();
  anchor_predecessors();
  check_manifest();
  check_leftovers();
  check_signatures();
  for (VerifiedStream& stream : streams_) add_stream(stream);
  for (Fault& fault : faults_) {
    ++report_.fault_count;
    if (report_.faults.size() < audit::faults_max) report_.faults.push_back(std::move(fault));
  }
  judge();
  sum_up();
  return std::move(report_);
}

void LogVerifier::check_links() {
  for (const VerifiedStream& stream : streams_) {
    const auto& genesis = stream.stitched.genesis;
    if (genesis && genesis->predecessor) check_link(stream, *genesis->predecessor);
  }
}

void LogVerifier::check_link(const VerifiedStream& stream, const StatedPredecessor& predecessor) {
  const auto note = audit::open_checkpoint(predecessor.note, predecessor.public_key);
  if (!note) {
    return fault_genesis(stream, "the predecessor is not one: " + note.error().message);
  }
  const std::string what = stream.stitched.origin + " follows " + note->origin + ", which was " +
                           predecessor.reason + " at " + std::to_string(note->size) + " records";
  add_once(report_.notes, what);
  const auto old = std::find_if(streams_.begin(), streams_.end(), [&](const auto& other) {
    return other.stitched.origin == note->origin && &other != &stream;
  });
  if (old == streams_.end()) {
    return add_once(report_.not_checked, "predecessor: " + note->origin +
                                             " was not given, so what came before " +
                                             stream.stitched.origin + " is not proved");
  }
  const auto root = old->root(note->size);
  if (old->stitched.public_key != predecessor.public_key) {
    fault_genesis(stream, "the predecessor's key is not that of " + old->report.directory);
  } else if (old->stitched.size < note->size) {
    fault_genesis(stream, "the predecessor has " + std::to_string(note->size) + " records, " +
                              old->report.directory + " only " +
                              std::to_string(old->stitched.size));
  } else if (predecessor.reason == "rotated" && old->stitched.size > note->size) {
    fault_genesis(stream, old->report.directory + " goes on after record " +
                              std::to_string(note->size) + ", where it was rotated");
  } else if (root && *root != note->root) {
    fault_genesis(stream, "the predecessor is not " + old->report.directory);
  } else if (root) {
    old->stitched.signed_size = std::max(old->stitched.signed_size, note->size);
    old->stitched.is_genesis_signed |= note->size > 0;
    followed_by_.emplace(
        note->origin, Successor{static_cast<std::size_t>(&stream - streams_.data()), note->size});
  } else {
    add_once(report_.not_checked, "predecessor: the tree of " + note->origin + " is not known");
  }
}

// What an anchored stream says of its predecessor is anchored with it; not what the predecessor
// says beyond.
void LogVerifier::anchor_predecessors() {
  for (std::size_t round = 0; round < streams_.size(); ++round) {
    for (VerifiedStream& stream : streams_) {
      const auto next = followed_by_.find(stream.stitched.origin);
      if (next == followed_by_.end()) continue;
      const auto& anchors = streams_[next->second.index].stitched.anchors;
      if (anchors.empty()) continue;
      const auto oldest =
          std::min_element(anchors.begin(), anchors.end(),
                           [](const auto& a, const auto& b) { return a.seconds < b.seconds; });
      stream.followed = true;
      stream.stitched.anchors.push_back(
          {next->second.size, oldest->seconds, oldest->kind, oldest->who});
      followed_by_.erase(next);
    }
  }
}

void LogVerifier::check_manifest() {
  if (!trust_.manifest) return;
  std::set<std::string> missing(trust_.manifest->begin(), trust_.manifest->end());
  for (const VerifiedStream& stream : streams_) {
    if (stream.stitched.records == 0) continue;
    const std::string& origin = stream.stitched.origin;
    const bool named = missing.erase(origin) > 0 ||
                       std::find(trust_.manifest->begin(), trust_.manifest->end(), origin) !=
                           trust_.manifest->end();
    if (!named) add_once(report_.notes, origin + " is not in " + options_.streams_file);
  }
  for (const std::string& origin : missing) {
    fault(options_.streams_file, "the stream " + origin + " is missing");
  }
}

void LogVerifier::check_leftovers() {
  std::set<std::size_t> anchors, receipts;
  for (const VerifiedStream& stream : streams_) {
    anchors.insert(stream.anchors_used.begin(), stream.anchors_used.end());
    receipts.insert(stream.receipts_used.begin(), stream.receipts_used.end());
  }
  for (std::size_t i = 0; i < trust_.receipts.size(); ++i) {
    if (receipts.contains(i)) continue;
    add_fault({"--receipt", 0, 0, trust_.receipts[i].seq, VerifyExit::integrity,
               "no directory holds the stream of " + trust_.receipts[i].text()});
  }
  for (std::size_t i = 0; i < trust_.outside.size(); ++i) {
    if (anchors.contains(i)) continue;
    fault(trust_.outside[i].path, "no directory holds the stream " + trust_.outside[i].origin);
  }
}

// A log can be made whole without the key whose name it bears, but for signatures.
void LogVerifier::check_signatures() {
  for (VerifiedStream& stream : streams_) {
    const auto& stitched = stream.stitched;
    if (stream.kinds.total() > 0 || kinds_.total() > 0) continue;
    const auto& permission = stitched.newest_permission;
    std::string what;
    if (!stitched.is_genesis_signed) {
      what = "no signature covers the first records";
    } else if (permission && !stream.macs_checked && *permission >= stitched.signed_size) {
      what = "no signature covers the approval in record " + std::to_string(*permission);
    } else {
      continue;
    }
    stream.kinds.add(VerifyExit::cannot);
    stream.faults.push_back({stitched.end_path, stitched.end.line, stitched.end.offset,
                             std::nullopt, VerifyExit::cannot,
                             what + ": anybody can have written it"});
  }
}

void LogVerifier::add_stream(VerifiedStream& stream) {
  const auto& stitched = stream.stitched;
  audit::describe(stream, trust_);
  for (const Fault& fault : stream.faults) {
    if (report_.faults.size() < audit::faults_max) report_.faults.push_back(fault);
  }
  report_.fault_count += stream.kinds.total();
  kinds_.add(stream.kinds);
  report_.records += stitched.records;
  report_.decisions += stitched.decisions;
  report_.outcomes += stitched.outcomes;
  report_.open_decisions += stitched.open_decisions.size();
  for (const std::string& note : stitched.notes) add_once(report_.notes, note);
  for (const std::string& what : stitched.not_checked) add_once(report_.not_checked, what);
}

void LogVerifier::judge() {
  std::vector<std::string> reasons;
  if (options_.key_file.empty() && options_.escrow_key_file.empty()) {
    add_once(report_.not_checked, "macs: no key was given");
  }
  if (!trust_.public_key) {
    reasons.emplace_back("signer: the public key is only the log's own word");
  }
  for (const VerifiedStream& stream : streams_) {
    if (auto reason = audit::why_not_anchored(stream, trust_)) reasons.push_back(*reason);
    if (auto reason = audit::why_not_signed(stream)) reasons.push_back(*reason);
  }
  for (const std::string& reason : reasons) add_once(report_.not_checked, reason);
  constexpr std::array precedence = {VerifyExit::integrity, VerifyExit::cannot, VerifyExit::gap};
  for (const VerifyExit kind : precedence) {
    if (!kinds_.has(kind)) continue;
    report_.exit = kind;
    return;
  }
  report_.exit = reasons.empty() ? VerifyExit::whole : VerifyExit::unanchored;
}

void LogVerifier::sum_up() {
  std::uint64_t segments = 0;
  for (VerifiedStream& stream : streams_) {
    const StreamReport& found = stream.report;
    segments += found.segments;
    report_.root = found.root;
    if (!found.first_time.empty()) {
      if (report_.first_time.empty() || found.first_time < report_.first_time) {
        report_.first_time = found.first_time;
      }
      report_.last_time = std::max(report_.last_time, found.last_time);
    }
    report_.streams.push_back(std::move(stream.report));
  }
  const auto plural = [](std::uint64_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
  };
  const std::uint64_t wanted =
      trust_.manifest ? trust_.manifest->size() : options_.directories.size();
  report_.asked = plural(wanted, "stream") + ", " +
                  (trust_.from.empty() ? "from the first record" : "from " + trust_.from) +
                  (trust_.to.empty() ? " to the last" : " to " + trust_.to);
  report_.found = plural(report_.records, "record") + " in " + plural(segments, "segment") +
                  " of " + plural(streams_.size(), "stream") + ", " +
                  plural(report_.fault_count, "fault");
}

}  // namespace

std::string Fault::text() const {
  return file + ':' + std::to_string(line) + ':' + std::to_string(offset) + ':' +
         (seq ? std::to_string(*seq) : "-") + ": " + message;
}

VerifyReport verify_log(const VerifyOptions& options) {
  VerifyReport report;
  VerifyTrust trust = audit::load_trust(options, report.faults);
  if (report.faults.empty()) return LogVerifier(options, std::move(trust)).run();
  report.fault_count = report.faults.size();
  report.exit = VerifyExit::usage;
  return report;
}

}  // namespace portcullis
