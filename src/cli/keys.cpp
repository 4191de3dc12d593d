// portcullis keys init, portcullis keys public: the files that the daemon needs beforehand.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "audit/keystore.h"
#include "cli/command.h"

namespace portcullis::cli {
namespace {

struct Arguments {
  std::string directory;
  bool escrow = false;
};

int init(const Arguments& arguments) {
  using audit::EscrowPair;
  const auto pair = arguments.escrow ? EscrowPair::generate : EscrowPair::leave_to_auditors;
  if (const auto made = audit::init_keys(arguments.directory, pair); !made) {
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

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  CLI::App* keys = app.add_subcommand("keys", "Make and show the daemon's keys");
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
  make->callback([arguments, &exit_code] { exit_code = init(*arguments); });

  CLI::App* show = keys->add_subcommand(
      "public", "Prints the public signing key, as PEM and as the hex digits that a log carries.");
  show->add_option("--directory", arguments->directory, "Where signing.pub is")->required();
  show->callback([arguments, &exit_code] { exit_code = print_public(*arguments); });
}

}  // namespace portcullis::cli
