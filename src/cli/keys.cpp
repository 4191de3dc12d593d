// portcullis keys init, keys public, keys rotate: the files that the daemon needs beforehand.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "audit/keystore.h"
#include "audit/rotate.h"
#include "base/encoding.h"
#include "cli/command.h"
#include "config/config.h"

namespace portcullis::cli {
namespace {

struct Arguments {
  std::string directory;
  bool escrow = false;
  bool approver = false;
};

struct RotateArguments {
  std::string config_file;
  std::string audit_directory;
  std::string keys_directory;
};

int init(const Arguments& arguments) {
  using audit::EscrowPair;
  const auto pair = arguments.escrow ? EscrowPair::generate : EscrowPair::leave_to_auditors;
  const auto approver =
      arguments.approver ? audit::ApproverPair::generate : audit::ApproverPair::leave_to_approver;
  if (const auto made = audit::init_keys(arguments.directory, pair, approver); !made) {
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    return 1;
  }
  const char* directory = arguments.directory.c_str();
  std::printf("made %s/signing.pem, signing.pub and evidence.key\n", directory);
  std::printf("give signing.pub to the auditors, by another way than the log\n");
  if (arguments.escrow) {
    std::printf(
        "made escrow.pem and escrow.pub: give escrow.pem to the auditors and delete it "
        "here; who holds it can forge macs\n");
  } else {
    std::printf("put the auditors' RSA public key (3072 bits or more, PEM) at %s/escrow.pub\n",
                directory);
  }
  if (arguments.approver) {
    std::printf(
        "made approver.pem and approver.pub: give approver.pem to whoever may approve erasure and "
        "delete it here; name approver.pub in audit.approver_key before the log begins\n");
  }
  return 0;
}

int print_public(const Arguments& arguments) {
  const auto key = audit::read_public_key(arguments.directory);
  if (!key) {
    std::fprintf(stderr, "%s\n", key.error().message.c_str());
    return 1;
  }
  std::printf("%s%s\n", key->pem.c_str(), key->hex.c_str());
  return 0;
}

Result<AuditOptions> rotated_log(const RotateArguments& arguments) {
  if (!arguments.config_file.empty()) {
    auto config = load_config(arguments.config_file);
    if (config) return std::move(config->audit);
    std::string why;
    for (const std::string& error : config.error()) why += (why.empty() ? "" : "\n") + error;
    return failure(Cause::invalid, why);
  }
  AuditOptions options;
  options.directory = arguments.audit_directory;
  options.signing_key_file = arguments.keys_directory + "/signing.pem";
  return options;
}

int rotate(const RotateArguments& arguments) {
  const auto options = rotated_log(arguments);
  if (!options) {
    std::fprintf(stderr, "%s\n", options.error().message.c_str());
    return exit_config;
  }
  const auto rotation = audit::rotate_keys(*options);
  if (!rotation) {
    std::fprintf(stderr, "%s\n", rotation.error().message.c_str());
    return 1;
  }
  std::printf("retired %s/%s/%s, signed with the old key %s\n", options->directory.c_str(),
              audit::retired_directory_name, hex(rotation->retired).c_str(),
              hex(rotation->old_key).c_str());
  std::printf("the old public key is kept as %s\n", rotation->old_public_file.c_str());
  std::printf(
      "the new public key is %s: give signing.pub to the auditors, by another way than\n"
      "the log; the daemon begins a stream with it when it starts\n",
      hex(rotation->new_key).c_str());
  return 0;
}

void add_rotate(CLI::App& keys, int& exit_code) {
  const auto arguments = std::make_shared<RotateArguments>();
  CLI::App* command = keys.add_subcommand(
      "rotate",
      "Puts a new signing key in the place of the present one: seals the stream, moves it to\n"
      "retired/ in the audit directory, destroys the old private key. Stop the daemon first. "
      "After\n"
      "a crash, run it again. Exit code 0; 1 if it could not be done or finished; 78 if the\n"
      "configuration cannot be read.");
  auto* config = command->add_option("--config", arguments->config_file, "The configuration file");
  auto* log = command->add_option("--audit", arguments->audit_directory, "The audit directory");
  auto* place = command->add_option("--keys", arguments->keys_directory, "Where signing.pem is");
  log->needs(place)->excludes(config);
  place->needs(log)->excludes(config);
  command->callback([arguments, &exit_code] {
    if (arguments->config_file.empty() && arguments->audit_directory.empty()) {
      throw CLI::RequiredError("--config, or --audit and --keys,");
    }
    exit_code = rotate(*arguments);
  });
}

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  CLI::App* keys = app.add_subcommand("keys", "Make, show and replace the daemon's keys");
  keys->require_subcommand(1);
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* make = keys->add_subcommand(
      "init",
      "Makes the signing key (Ed25519) and the evidence key, readable by their owner only.\n"
      "Overwrites nothing. Exit code 0; 1 if a key exists or cannot be written.");
  make->add_option("--directory", arguments->directory, "Where; made if it does not exist")
      ->required();
  make->add_flag("--escrow", arguments->escrow,
                 "Also make the auditors' escrow pair, where they have none of their own");
  make->add_flag("--approver", arguments->approver,
                 "Also make the pair that approves retention and erasure");
  make->callback([arguments, &exit_code] { exit_code = init(*arguments); });

  CLI::App* show = keys->add_subcommand(
      "public", "Prints the public signing key, as PEM and as the hex digits that a log carries.");
  show->add_option("--directory", arguments->directory, "Where signing.pub is")->required();
  show->callback([arguments, &exit_code] { exit_code = print_public(*arguments); });
  add_rotate(*keys, exit_code);
}

}  // namespace portcullis::cli
