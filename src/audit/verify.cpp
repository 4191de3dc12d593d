#include <algorithm>
#include <array>
#include <utility>

#include "audit/verify_stream.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis {
namespace {

void usage_fault(audit::FaultList& faults, const std::string& file, const std::string& message) {
  faults.add({file, 0, 0, std::nullopt, VerifyExit::usage, message});
}

audit::VerifyKeys load_keys(const VerifyOptions& options, audit::FaultList& faults) {
  audit::VerifyKeys keys;
  if (!options.public_key_file.empty()) {
    const auto key = audit::load_public_key(options.public_key_file);
    if (key) keys.public_key = *key;
    if (!key) usage_fault(faults, options.public_key_file, key.error().message);
  }
  if (!options.key_file.empty()) {
    const auto key = audit::load_hex_secret(options.key_file);
    if (key) keys.first_key = *key;
    if (!key) usage_fault(faults, options.key_file, key.error().message);
  }
  if (!options.escrow_key_file.empty()) {
    auto key = audit::read_secret_file(options.escrow_key_file).and_then([&](const auto& pem) {
      return audit::EscrowPrivateKey::from_pem(pem, options.escrow_key_file);
    });
    if (!key) usage_fault(faults, options.escrow_key_file, key.error().message);
    if (key) keys.escrow.emplace(*std::move(key));
  }
  return keys;
}

audit::Receipts parse_receipts(const VerifyOptions& options, audit::FaultList& faults) {
  audit::Receipts receipts;
  for (const std::string& text : options.receipts) {
    const auto receipt = Receipt::parse(text);
    if (receipt) receipts.emplace(std::pair(receipt->stream, receipt->seq), *receipt);
    if (!receipt) usage_fault(faults, "--receipt", "not a receipt: v1:stream:epoch:seq:hash:mac");
  }
  return receipts;
}

void say_what_was_not_checked(const VerifyOptions& options, VerifyReport& report) {
  if (options.key_file.empty() && options.escrow_key_file.empty()) {
    report.not_checked.push_back("macs: no key was given");
  }
  if (options.public_key_file.empty()) {
    report.not_checked.push_back("signer: the public key is only the log's own word");
  }
  report.not_checked.push_back(
      "tail: nothing from outside the host says how long the log must be; records after the last "
      "checkpoint or receipt can have been cut off");
}

void sum_up(VerifyReport& report) {
  for (const StreamReport& stream : report.streams) {
    report.root = stream.root;
    if (stream.first_time.empty()) continue;
    if (report.first_time.empty() || stream.first_time < report.first_time) {
      report.first_time = stream.first_time;
    }
    report.last_time = std::max(report.last_time, stream.last_time);
  }
}

VerifyExit judge(const audit::FaultList& faults) {
  constexpr std::array precedence = {VerifyExit::usage, VerifyExit::integrity, VerifyExit::cannot,
                                     VerifyExit::gap};
  for (const VerifyExit kind : precedence) {
    if (faults.has(kind)) return kind;
  }
  return VerifyExit::unanchored;
}

}  // namespace

std::string Fault::text() const {
  return file + ':' + std::to_string(line) + ':' + std::to_string(offset) + ':' +
         (seq ? std::to_string(*seq) : "-") + ": " + message;
}

VerifyReport verify_log(const VerifyOptions& options) {
  VerifyReport report;
  audit::FaultList faults(report);
  if (options.directories.empty()) usage_fault(faults, "audit verify", "no directory was named");
  const audit::VerifyKeys keys = load_keys(options, faults);
  audit::Receipts receipts = parse_receipts(options, faults);
  if (faults.has(VerifyExit::usage)) {
    report.exit = VerifyExit::usage;
    return report;
  }
  for (const std::string& directory : options.directories) {
    audit::StreamVerifier(keys, report, faults).run(directory, receipts);
  }
  for (const auto& [place, receipt] : receipts) {
    faults.add({"--receipt", 0, 0, receipt.seq, VerifyExit::integrity,
                "no directory holds the stream of " + receipt.text()});
  }
  sum_up(report);
  say_what_was_not_checked(options, report);
  report.exit = judge(faults);
  return report;
}

}  // namespace portcullis
