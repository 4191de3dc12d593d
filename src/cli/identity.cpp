// portcullis identity check: a token on standard input, and who the daemon would take it for.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/json_out.h"
#include "cli/command.h"
#include "config/config.h"
#include "net/keys_fetch.h"
#include "portcullis/identity.h"

namespace portcullis::cli {
namespace {

struct Options {
  std::string config_file;
  bool json = false;
};

int refuse_config(const std::vector<std::string>& errors) {
  for (const std::string& error : errors) std::fprintf(stderr, "%s\n", error.c_str());
  return exit_config;
}

// One byte more than is allowed is enough to be told that it is too large.
std::string read_token(std::size_t bytes_max) {
  std::string token(bytes_max + 3, '\0');
  std::cin.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(std::cin.gcount()));
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  return token;
}

using MaybeDirectory = std::shared_ptr<const Directory>;

tl::expected<MaybeDirectory, std::vector<std::string>> load_directory(const std::string& file) {
  if (file.empty()) return MaybeDirectory{};
  const Result<std::string> text = read_file(file);
  if (!text) return tl::make_unexpected(std::vector{text.error().message});
  return Directory::load(*text, file);
}

OrDenial<void> check_directory_age(const IdentitySection& identity, std::int64_t now) {
  struct stat status {};
  if (identity.directory_file.empty() || identity.directory_age_max.count() == 0) return {};
  if (::stat(identity.directory_file.c_str(), &status) == 0 &&
      now - status.st_mtim.tv_sec <= identity.directory_age_max.count()) {
    return {};
  }
  return deny(Reason::directory_stale,
              "the directory of people is older than identity.directory.age_max allows");
}

OrDenial<Identified> identify(const Config& config, const Directory* directory) {
  const IdentityRules rules = config.identity_rules();
  const std::string token = read_token(rules.token_bytes_max);
  const std::int64_t now = std::time(nullptr);
  const auto hint = peek_token(token, rules);
  if (!hint) return tl::make_unexpected(hint.error());
  const auto keys = fetch_issuer_keys_once(config, hint->issuer);
  if (!keys) return deny(Reason::issuer_unavailable, keys.error().message);
  for (const std::string& note : (*keys)[hint->issuer].keys->left_out()) {
    std::fprintf(stderr, "left out of a key set: %s\n", note.c_str());
  }
  const auto verified = verify_token(token, rules, *keys);
  if (!verified) return tl::make_unexpected(verified.error());
  if (const auto fresh = check_directory_age(config.identity, now); !fresh) {
    return tl::make_unexpected(fresh.error());
  }
  return resolve_subject(*verified, rules, directory, now);
}

std::string_view proof_name(Proof proof) {
  switch (proof) {
    case Proof::none:
      return "none";
    case Proof::directory:
      return "directory";
    case Proof::profile:
      return "profile";
  }
  return "none";
}

void add_known(JsonWriter& json, const JsonName& name, const std::optional<std::string>& value) {
  if (value) json.string(name, *value);
}

// Unknown attributes are left out, as in the records.
std::string json_of(const Identified& who) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().boolean("resolved", true).name("subject").begin_object();
  json.string("kind", "person").string("id", who.subject.id).string("issuer", who.subject.issuer);
  json.string("key", who.subject.key).string("proof", proof_name(who.subject.proof));
  if (who.subject.groups) json.name("groups").strings(*who.subject.groups);
  add_known(json, "employment", who.subject.employment);
  if (who.subject.contract_end) json.integer("contract_end", *who.subject.contract_end);
  if (who.subject.guest) json.boolean("guest", *who.subject.guest);
  if (who.subject.auth_time) json.integer("auth_time", *who.subject.auth_time);
  json.end_object().name("client").begin_object();
  add_known(json, "id", who.client.id);
  add_known(json, "kind", who.client.kind);
  add_known(json, "purpose", who.client.purpose);
  json.end_object().name("token").begin_object();
  json.string("key_id", who.token.key_id).string("token_id", who.token.token_id);
  json.name("audience").strings(who.token.audience).integer("expires", who.token.expires);
  json.name("digest").hex(who.token.digest).end_object().end_object();
  return out;
}

std::string json_of(const Denial& denial) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().boolean("resolved", false).string("reason", reason_code(denial.reason));
  json.string("detail", denial.detail).end_object();
  return out;
}

void print_line(const char* name, const std::string& value) {
  std::printf("  %-13s %s\n", name, value.c_str());
}

std::string text_of(const std::optional<std::vector<std::string>>& values) {
  if (!values) return "unknown";
  std::string out;
  for (const std::string& value : *values) out += (out.empty() ? "" : ", ") + value;
  return out.empty() ? "none" : out;
}

void print(const Identified& who) {
  const Subject& subject = who.subject;
  const auto seconds = [](const std::optional<std::int64_t>& time) {
    return time ? rfc3339_seconds(*time) : "unknown";
  };
  std::printf("person %s\n", subject.id.c_str());
  print_line("proved by", std::string(proof_name(subject.proof)));
  print_line("issuer", subject.issuer);
  print_line("key", subject.key);
  print_line("groups", text_of(subject.groups));
  print_line("employment", subject.employment.value_or("unknown"));
  print_line("contract end", seconds(subject.contract_end));
  print_line("guest", subject.guest ? (*subject.guest ? "yes" : "no") : "unknown");
  print_line("logged in", seconds(subject.auth_time));
  print_line("client", who.client.id.value_or("unknown"));
  print_line("client kind", who.client.kind.value_or("unknown"));
  print_line("purpose", who.client.purpose.value_or("unknown"));
  print_line("expires", rfc3339_seconds(who.token.expires));
}

int check(const Options& options) {
  const auto config = load_config(options.config_file);
  if (!config) return refuse_config(config.error());
  const auto directory = load_directory(config->identity.directory_file);
  if (!directory) return refuse_config(directory.error());
  const auto who = identify(*config, directory->get());
  if (options.json) {
    std::printf("%s\n", (who ? json_of(*who) : json_of(who.error())).c_str());
  } else if (who) {
    print(*who);
  } else {
    std::printf("nobody: %s: %s\n", std::string(reason_code(who.error().reason)).c_str(),
                who.error().detail.c_str());
  }
  return who ? 0 : 1;
}

}  // namespace

void add_identity(CLI::App& app, int& exit_code) {
  CLI::App* identity = app.add_subcommand("identity", "Who is behind a token");
  identity->require_subcommand(1);
  CLI::App* command = identity->add_subcommand(
      "check",
      "Reads a token from standard input and says which person the daemon would see, or why none.\n"
      "Exit code 0: a person; 1: nobody; 64: usage; 78: configuration or directory.");
  const auto options = std::make_shared<Options>();
  command->add_option("--config", options->config_file, "The daemon's configuration")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace portcullis::cli
