// portcullis audit consistency: whether one state of a log extends another.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "audit/checkpoint.h"
#include "audit/growth.h"
#include "audit/input.h"
#include "audit/lookup.h"
#include "base/json_out.h"
#include "cli/audit_command.h"

namespace portcullis::cli {
namespace {

struct Arguments {
  std::string before;
  std::string after;
  std::string directory;
  std::string public_key_file;
  bool json = false;
};

// What A or B stands for.
struct State {
  audit::TreeState tree;
  std::string note;  // empty: a bare size
};

bool is_directory(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

// The log to prove it with: named, or one of the two.
std::string log_directory(const Arguments& arguments) {
  if (!arguments.directory.empty()) return arguments.directory;
  return is_directory(arguments.after) ? arguments.after : arguments.before;
}

struct Trust {
  PublicKey key{};
  std::string origin;
};

// Cause::untrusted if it is a note of another log or key.
Result<State> read_state(const std::string& argument, const Trust& trust) {
  State state;
  std::string_view digits = argument;
  const auto size = audit::take_integer(digits);
  if (size && digits.empty()) {
    state.tree.size = *size;
    return state;
  }
  auto note = is_directory(argument) ? audit::read_newest_checkpoint(argument)
                                     : audit::read_small_file(argument);
  if (!note) return tl::unexpected(note.error());
  const auto checkpoint = audit::open_checkpoint(*note, trust.key);
  if (!checkpoint) {
    return failure(checkpoint.error().cause, argument + ": " + checkpoint.error().message);
  }
  if (checkpoint->origin != trust.origin) {
    return failure(Cause::untrusted, argument + " is of another log: " + checkpoint->origin);
  }
  state.tree = {checkpoint->size, checkpoint->root};
  state.note = *std::move(note);
  return state;
}

void write_state(JsonWriter& json, std::uint64_t size, const Digest& root,
                 const std::string& note) {
  json.begin_object().integer("size", static_cast<std::int64_t>(size)).name("root").hex(root);
  if (!note.empty()) json.string("checkpoint", note);
  json.end_object();
}

void print_json(const audit::Growth& growth, const State& before, const State& after,
                const std::vector<std::string>& not_checked) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().boolean("consistent", true).name("old");
  write_state(json, growth.claim.old_size, growth.claim.old_root, before.note);
  json.name("new");
  write_state(json, growth.claim.new_size, growth.claim.new_root, after.note);
  json.name("proof").begin_array();
  for (const Digest& node : growth.proof) json.hex(node);
  json.end_array().name("not_checked").strings(not_checked).end_object();
  std::printf("%s\n", out.c_str());
}

void print_text(const audit::Growth& growth, const std::vector<std::string>& not_checked) {
  const audit::Consistency& claim = growth.claim;
  std::printf("A  %llu records, root %s\n", static_cast<unsigned long long>(claim.old_size),
              hex(claim.old_root).c_str());
  std::printf("B  %llu records, root %s\n", static_cast<unsigned long long>(claim.new_size),
              hex(claim.new_root).c_str());
  for (const std::string& what : not_checked) std::printf("not checked: %s\n", what.c_str());
  std::printf("CONSISTENT: B extends A\n");
}

int refuse(const Arguments& arguments, const Error& error) {
  const bool refuted = error.cause == Cause::untrusted;
  if (!refuted) return complain(error);
  if (arguments.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().boolean("consistent", false).string("problem", printable(error.message));
    json.end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("NOT CONSISTENT: %s\n", printable(error.message).c_str());
  }
  return static_cast<int>(VerifyExit::integrity);
}

std::vector<std::string> find_unchecked(const Arguments& arguments, const State& before,
                                        const State& after) {
  std::vector<std::string> out;
  if (arguments.public_key_file.empty()) {
    out.emplace_back("the public key is the log's own word: give --public-key");
  }
  if (before.note.empty()) out.emplace_back("A is a size: its root is the log's own word");
  if (after.note.empty()) out.emplace_back("B is a size: its root is the log's own word");
  return out;
}

int compare(const Arguments& arguments) {
  std::optional<PublicKey> key;
  if (!arguments.public_key_file.empty()) {
    const auto loaded = audit::load_public_key(arguments.public_key_file);
    if (!loaded) return complain(loaded.error(), VerifyExit::usage);
    key = *loaded;
  }
  const std::string directory = log_directory(arguments);
  if (!is_directory(directory)) {
    return complain({Cause::invalid, "give the log: --log DIR, or DIR for A or B"},
                    VerifyExit::usage);
  }
  const auto genesis = audit::read_stream_facts(directory);
  if (!genesis) return refuse(arguments, genesis.error());
  const Trust trust{key.value_or(genesis->public_key), genesis->origin};
  const auto before = read_state(arguments.before, trust);
  if (!before) return refuse(arguments, before.error());
  const auto after = read_state(arguments.after, trust);
  if (!after) return refuse(arguments, after.error());
  const auto growth = audit::prove_growth({directory, before->tree, after->tree});
  if (!growth) return refuse(arguments, growth.error());
  const auto not_checked = find_unchecked(arguments, *before, *after);
  arguments.json ? print_json(*growth, *before, *after, not_checked)
                 : print_text(*growth, not_checked);
  return static_cast<int>(not_checked.empty() ? VerifyExit::whole : VerifyExit::unanchored);
}

}  // namespace

void add_audit_consistency(CLI::App& audit, int& exit_code) {
  CLI::App* command = audit.add_subcommand(
      "consistency",
      "Proves, or refutes, that a later state B of a log extends an earlier state A: that nothing\n"
      "of A was changed or taken away. A and B are each a file with a signed checkpoint, the\n"
      "directory of a log (its newest checkpoint), or a number of records.\n"
      "Exit codes: 0 B extends A; 1 it does not: a fork, a rollback, another log or key; 2 usage;\n"
      "3 it does, but the key or a root is the log's own word; 5 cannot say.");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("A", arguments->before, "The earlier state")->required();
  command->add_option("B", arguments->after, "The later state")->required();
  command->add_option("--log", arguments->directory,
                      "Directory of the log that proves it. Default: B or A, if a directory");
  command->add_option("--public-key", arguments->public_key_file,
                      "signing.pub, had from the operator by another way than the log");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->callback([arguments, &exit_code] { exit_code = compare(*arguments); });
}

}  // namespace portcullis::cli
