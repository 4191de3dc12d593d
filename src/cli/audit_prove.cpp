// portcullis audit prove, portcullis audit check-proof: one record for somebody who has not the
// rest of the log.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/cosignature.h"
#include "audit/input.h"
#include "audit/record_proof.h"
#include "base/clock.h"
#include "base/json_out.h"
#include "cli/audit_command.h"

namespace portcullis::cli {
namespace {

using audit::RecordProof;

struct ProveArguments {
  audit::ProveOptions options;
  std::string note_file;
  std::string output;
};

struct CheckArguments {
  std::string file;
  std::string public_key_file;
  std::vector<std::string> witness_key_files;
  bool json = false;
};

int prove(ProveArguments arguments) {
  if (!arguments.note_file.empty()) {
    auto note = audit::read_small_file(arguments.note_file);
    if (!note) return complain(note.error(), VerifyExit::usage);
    arguments.options.note = *std::move(note);
  }
  const auto proof = audit::prove_record(arguments.options);
  if (!proof) return complain(proof.error());
  return write_output(arguments.output, audit::to_json(*proof) + '\n');
}

struct Verdict {
  VerifyExit exit = VerifyExit::cannot;
  std::string problem;      // empty: it holds
  std::string not_checked;  // empty: nothing was left out
  std::vector<audit::Cosignature> cosignatures;
};

void print_json(const RecordProof& proof, const audit::ProvedRecord& record,
                const Verdict& verdict) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().integer("exit", static_cast<int>(verdict.exit));
  json.boolean("proved", verdict.problem.empty()).string("problem", verdict.problem);
  json.string("not_checked", verdict.not_checked);
  json.integer("seq", static_cast<std::int64_t>(proof.seq));
  json.string("type", record.type).string("time", record.time).string("origin", record.origin);
  json.integer("size", static_cast<std::int64_t>(record.size)).name("root").hex(record.root);
  json.name("cosignatures").begin_array();
  for (const audit::Cosignature& cosignature : verdict.cosignatures) {
    json.begin_object().string("witness", cosignature.witness);
    json.string("time", rfc3339_seconds(cosignature.time)).end_object();
  }
  json.end_array();
  if (!proof.line.empty()) json.name("record").raw(proof.line);
  json.end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const RecordProof& proof, const audit::ProvedRecord& record,
                const Verdict& verdict) {
  if (!verdict.problem.empty()) {
    std::printf("NOT PROVED: %s\n", printable(verdict.problem).c_str());
    return;
  }
  std::printf("record      %llu of %s\n", static_cast<unsigned long long>(proof.seq),
              printable(record.origin).c_str());
  if (proof.line.empty()) {
    std::printf("content     not in this proof: it was erased from the log\n");
  } else {
    std::printf("type        %s\ntime        %s\nrecord      %s\n", record.type.c_str(),
                record.time.c_str(), printable(proof.line).c_str());
  }
  std::printf("checkpoint  of %llu records, root %s\n",
              static_cast<unsigned long long>(record.size), hex(record.root).c_str());
  for (const audit::Cosignature& cosignature : verdict.cosignatures) {
    std::printf("cosigned    at %s by %s\n", rfc3339_seconds(cosignature.time).c_str(),
                printable(cosignature.witness).c_str());
  }
  if (!verdict.not_checked.empty()) std::printf("not checked: %s\n", verdict.not_checked.c_str());
  std::printf("PROVED: the record is in the log that this checkpoint signs%s\n",
              verdict.exit == VerifyExit::whole ? "" : " (not all was checked)");
}

Result<std::vector<audit::WitnessKey>> load_witnesses(const std::vector<std::string>& files) {
  std::vector<audit::WitnessKey> all;
  for (const std::string& file : files) {
    const auto text = audit::read_small_file(file);
    if (!text) return tl::unexpected(text.error());
    const auto keys = audit::parse_witness_keys(*text);
    if (!keys) return failure(keys.error().cause, file + ": " + keys.error().message);
    all.insert(all.end(), keys->begin(), keys->end());
  }
  return all;
}

struct Trusted {
  std::optional<PublicKey> key;
  std::vector<audit::WitnessKey> witnesses;
};

Verdict judge(const RecordProof& proof, const Result<audit::ProvedRecord>& record,
              const Trusted& trusted) {
  Verdict verdict;
  verdict.exit = VerifyExit::integrity;
  const auto cosignatures = audit::open_cosignatures(proof.checkpoint, trusted.witnesses);
  if (!record || !cosignatures) {
    verdict.problem = record ? cosignatures.error().message : record.error().message;
    return verdict;
  }
  verdict.exit = VerifyExit::unanchored;
  verdict.cosignatures = *cosignatures;
  if (!trusted.key) {
    verdict.not_checked = "the public key is the proof's own word: give --public-key";
  } else if (cosignatures->empty() && !trusted.witnesses.empty()) {
    verdict.not_checked = "no witness of those given has cosigned the checkpoint";
  } else {
    verdict.exit = VerifyExit::whole;
  }
  return verdict;
}

int check(const CheckArguments& arguments) {
  Trusted trusted;
  if (!arguments.public_key_file.empty()) {
    const auto loaded = audit::load_public_key(arguments.public_key_file);
    if (!loaded) return complain(loaded.error(), VerifyExit::usage);
    trusted.key = *loaded;
  }
  auto witnesses = load_witnesses(arguments.witness_key_files);
  if (!witnesses) return complain(witnesses.error(), VerifyExit::usage);
  trusted.witnesses = *std::move(witnesses);
  const auto text = read_input(arguments.file, audit::record_proof_bytes_max);
  if (!text) return complain(text.error());
  const auto proof = audit::parse_record_proof(*text);
  if (!proof) return complain(proof.error());
  const auto record = audit::check_record_proof(*proof, trusted.key.value_or(proof->public_key));
  const Verdict verdict = judge(*proof, record, trusted);
  const audit::ProvedRecord shown = record.value_or(audit::ProvedRecord{});
  arguments.json ? print_json(*proof, shown, verdict) : print_text(*proof, shown, verdict);
  return static_cast<int>(verdict.exit);
}

}  // namespace

void add_audit_prove(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "prove",
      "Takes one record out of a log, with the proof that it is in it: the record, its path to "
      "the\n"
      "root of the Merkle tree, and the signed checkpoint that names this root. One JSON object,\n"
      "which `check-proof` judges without the log.\n"
      "Exit codes: 0 proved; 1 the log contradicts its checkpoint; 2 usage; 5 cannot: no such\n"
      "record, dropped, newer than the checkpoint, unreadable.");
  const auto arguments = std::make_shared<ProveArguments>();
  audit::ProveOptions& options = arguments->options;
  command->add_option("DIR", options.directory, "Directory of a stream")->required();
  command->add_option("--seq", options.seq, "The record's sequence number")->required();
  CLI::Option* size = command->add_option(
      "--size", options.size, "Lead to the signed checkpoint of this many records in the log");
  command
      ->add_option("--checkpoint", arguments->note_file,
                   "Lead to this signed checkpoint, kept outside the log. Default: the newest")
      ->excludes(size);
  command->add_option("--output", arguments->output, "A file instead of standard output");
  command->callback([arguments, &exit_code] { exit_code = prove(*arguments); });
}

void add_audit_check_proof(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "check-proof",
      "Judges a proof that `prove` made, offline and without the log.\n"
      "Exit codes: 0 it holds, under a public key given from outside; 1 it does not hold;\n"
      "2 usage; 3 it holds, but only under the key that it names itself, or no given witness has\n"
      "cosigned its checkpoint; 5 not a proof that this program can read.");
  const auto arguments = std::make_shared<CheckArguments>();
  command->add_option("FILE", arguments->file, "The proof; - for standard input")->required();
  command->add_option("--public-key", arguments->public_key_file,
                      "signing.pub, had from the operator by another way than the proof");
  command->add_option("--witness-key", arguments->witness_key_files,
                      "Verifier keys of witnesses, one a line: one of them must have cosigned the "
                      "checkpoint");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace portcullis::cli
