// Writes an audit stream with the real log, as a script on standard input says, on a clock that
// stands still unless the script moves it. The receipts of what was committed go to standard
// output.
//
// usage: stream_writer DIRECTORY KEYS [APPROVER.PUB] < SCRIPT
//
// KEYS holds signing.pem, escrow.pub and evidence.key. A script is one command a line:
//   open [BYTES]          begins or continues the stream; segments of at most so many bytes
//   decision allow|deny N and outcome N     N counts decisions, from 0 to 9
//   large N               a decision that is too large to be recorded
//   draft TYPE MEMBERS    of type change, shed, anchor or retention
//   checkpoint            a record that signs all before it
//   advance SECONDS       of time that passes
//   step SECONDS          of a wall clock that is set
//   snapshot DIRECTORY    a copy of what a crash would leave now
//   close
//   retire rotated|restored   ends the stream for good; the next `open` follows it. Rotated: with
//   KEYS/other.pem
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "audit/environment.h"
#include "audit/host.h"
#include "audit/input.h"
#include "audit/retire.h"
#include "portcullis/audit.h"

namespace portcullis {
namespace {

// 2026-11-22T12:00:00Z
constexpr std::chrono::seconds start_time{1'795'348'800};

struct Session {
  AuditOptions options;
  FakeClock clock{start_time};
  std::unique_ptr<AuditLog> log;
};

std::string decision_id(int number) {
  return "019abcde-0000-7000-8000-00000000000" + std::to_string(number);
}

Draft decision(Effect effect, int number, const std::string& note) {
  DecisionDraft draft;
  draft.id = decision_id(number);
  draft.input = R"({"subject":{"id":"anna.berg"},"note":")" + note + "\"}";
  draft.policy_name = "vectors";
  draft.policy_sequence = 1;
  draft.decision.effect = effect;
  draft.decision.reason = effect == Effect::allow ? Reason::none : Reason::not_permitted;
  draft.evidence = "{}";
  return make_draft(draft);
}

bool say(const Error& error) {
  std::fprintf(stderr, "stream_writer: %s\n", error.message.c_str());
  return false;
}

bool commit(Session& session, Draft draft) {
  const auto receipt = session.log->commit(std::move(draft));
  if (!receipt) return say(receipt.error());
  std::printf("%s\n", receipt->text().c_str());
  return true;
}

bool open(Session& session, std::istream& words) {
  session.options.segment_bytes_max = 128u << 20;
  if (std::uint64_t bytes = 0; words >> bytes) session.options.segment_bytes_max = bytes;
  auto log = AuditLog::open(session.options, [](const Error& error) { say(error); },
                            {audit::real_file_system(), session.clock});
  if (!log) return say(log.error());
  session.log = *std::move(log);
  return true;
}

bool close(Session& session, std::istream&) {
  const auto closed = session.log->close();
  session.log.reset();
  return closed ? true : say(closed.error());
}

bool decide(Session& session, std::istream& words) {
  std::string effect;
  int number = 0;
  words >> effect >> number;
  return commit(session, decision(effect == "allow" ? Effect::allow : Effect::deny, number, ""));
}

// The answer says record_too_large, and the log has a minimal record.
bool decide_large(Session& session, std::istream& words) {
  int number = 0;
  words >> number;
  const auto receipt =
      session.log->commit(decision(Effect::allow, number, std::string(1u << 20, 'x')));
  if (receipt) std::printf("%s\n", receipt->text().c_str());
  return true;
}

bool end(Session& session, std::istream& words) {
  int number = 0;
  words >> number;
  const std::string members = "\"id\":\"" + decision_id(number) + "\",\"status\":200";
  return commit(session, Draft(RecordType::outcome, members));
}

bool draft(Session& session, std::istream& words) {
  static const std::map<std::string, RecordType> types = {{"change", RecordType::change},
                                                          {"shed", RecordType::shed},
                                                          {"anchor", RecordType::anchor},
                                                          {"retention", RecordType::retention}};
  std::string type;
  std::string members;
  words >> type >> std::ws;
  std::getline(words, members);
  return commit(session, Draft(types.at(type), members));
}

bool checkpoint(Session& session, std::istream&) {
  const auto checkpoint = session.log->checkpoint_now();
  return checkpoint ? true : say(checkpoint.error());
}

bool advance(Session& session, std::istream& words) {
  int seconds = 0;
  words >> seconds;
  session.clock.advance(std::chrono::seconds(seconds));
  return true;
}

bool step(Session& session, std::istream& words) {
  int seconds = 0;
  words >> seconds;
  session.clock.step_wall(std::chrono::seconds(seconds));
  return true;
}

bool snapshot(Session& session, std::istream& words) {
  std::string to;
  words >> to;
  std::filesystem::copy(session.options.directory, to, std::filesystem::copy_options::recursive);
  return true;
}

bool retire(Session& session, std::istream& words) {
  std::string reason;
  words >> reason;
  audit::Retirement retirement;
  std::string next_key_file = session.options.signing_key_file;
  if (reason == "rotated") {
    next_key_file.replace(next_key_file.rfind('/'), std::string::npos, "/other.pem");
    const auto next = audit::load_signing_key(next_key_file);
    if (!next) return say(next.error());
    retirement = {audit::Succession::rotated, next->public_key()};
  }
  const auto held = audit::HostLock::acquire(session.options.directory);
  if (!held) return say(held.error());
  const auto retired = audit::retire_stream(session.options, retirement,
                                            {audit::real_file_system(), session.clock}, *held);
  session.options.signing_key_file = next_key_file;
  return retired ? true : say(retired.error());
}

bool obey(Session& session, const std::string& line) {
  static const std::map<std::string, bool (*)(Session&, std::istream&)> commands = {
      {"open", open},         {"close", close},
      {"decision", decide},   {"large", decide_large},
      {"outcome", end},       {"draft", draft},
      {"advance", advance},   {"step", step},
      {"snapshot", snapshot}, {"checkpoint", checkpoint},
      {"retire", retire}};
  std::istringstream words(line);
  std::string command;
  words >> command;
  const auto found = commands.find(command);
  if (found == commands.end()) return say({Cause::invalid, "not a command: " + line});
  return found->second(session, words);
}

int run(int argc, char** argv) {
  if (argc < 3 || argc > 4) return 64;
  Session session;
  const std::string keys = argv[2];
  session.options.directory = argv[1];
  session.options.signing_key_file = keys + "/signing.pem";
  session.options.escrow_public_key_file = keys + "/escrow.pub";
  session.options.evidence_key_file = keys + "/evidence.key";
  if (argc > 3) session.options.approver_key_file = argv[3];
  session.options.deployment = "vectors";
  session.options.reserve_bytes_min = 0;
  session.options.allow_filesystem = {"tmpfs", "overlay"};
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty() && !obey(session, line)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace portcullis

int main(int argc, char** argv) { return portcullis::run(argc, argv); }
