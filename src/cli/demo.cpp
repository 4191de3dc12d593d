// portcullis demo: the whole product on one machine, with an embedded issuer and an embedded model.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/log.h"
#include "cli/command.h"
#include "cli/demo_hosts.h"
#include "cli/demo_site.h"
#include "cli/demo_steps.h"
#include "net/server.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Options {
  bool once = false;
  std::string directory;
};

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  const bool there = json.is_object() && json.contains(at) && json[at].is_string();
  return there ? json[at].get<std::string>() : std::string();
}

VerifyReport verify(const std::string& directory, const DemoSite& site) {
  VerifyOptions options;
  options.directories = {directory};
  options.public_key_file = site.keys_directory() + "/signing.pub";
  options.escrow_key_file = site.keys_directory() + "/escrow.pem";
  return verify_log(options);
}

// The first segment, copied elsewhere with one byte of a decision's member changed.
bool tamper(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::remove_all(to, error);
  fs::copy(from, to, fs::copy_options::recursive, error);
  if (error) return false;
  for (const auto& entry : fs::directory_iterator(to)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const std::size_t at = bytes.find("\"effect\":\"deny\"");
    if (at == bytes.npos) continue;
    file.seekp(static_cast<std::streamoff>(at + 10));
    file.put('D');
    return file.good();
  }
  return false;
}

class Demo {
 public:
  explicit Demo(const Options& options) : options_(options) {}

  int run() {
    if (!prepare()) return exit_internal;
    auto config = load_config(site_.config_file());
    if (!config) return print_errors(config.error());
    log::set_level(log::Level::warning);
    auto server = Server::start(std::make_shared<const Config>(std::move(*config)));
    if (!server) return print_errors(server.error());
    site_.port = (*server)->port();
    int served = 0;
    std::thread serving([&] { served = (*server)->run(); });
    bool good = show_all();
    if (!options_.once && good) {
      print_invitation();
    } else {
      (*server)->stop();
    }
    serving.join();
    good = served == 0 && show_verification() && good;
    std::printf("%s\n", good ? "VERIFIED" : "FAILED");
    return good ? 0 : 1;
  }

 private:
  static int print_errors(const ConfigErrors& errors) {
    for (const std::string& error : errors) std::fprintf(stderr, "%s\n", error.c_str());
    return exit_config;
  }

  bool prepare();
  bool show(std::size_t number, const DemoStep& step);
  bool show_all();
  bool show_verification() const;
  void print_invitation() const;

  Options options_;
  DemoSite site_;
  JwsSigningKey key_ = JwsSigningKey::generate(JwsAlgorithm::es256, "demo-1");
  EmbeddedModel model_;
  DemoServer issuer_{[this](const RequestHead& head, const std::string&) {
    return answer_as_issuer(head, site_.issuer(), key_);
  }};
  DemoServer upstream_{
      [this](const RequestHead&, const std::string& body) { return model_.answer(body); }};
};

bool Demo::prepare() {
  if (options_.directory.empty()) {
    std::string pattern = (fs::temp_directory_path() / "portcullis-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      std::fprintf(stderr, "cannot create %s\n", pattern.c_str());
      return false;
    }
    options_.directory = pattern;
  }
  site_.directory = options_.directory;
  site_.issuer_port = issuer_.port();
  site_.model_port = upstream_.port();
  const Result<void> written = write_site(site_);
  if (!written) {
    std::fprintf(stderr, "%s\n", written.error().message.c_str());
    return false;
  }
  std::printf("Portcullis demo. Everything is in %s\n", site_.directory.c_str());
  std::printf("  caller -> portcullis -> embedded model;  tokens come from an embedded issuer\n\n");
  return true;
}

bool Demo::show(std::size_t number, const DemoStep& step) {
  model_.take_received();
  const std::string token = step.with_token ? make_token(site_, step.token, key_) : "";
  const DemoReply reply = post_chat({site_.port, token, step.body});
  const Json body = Json::parse(reply.body, nullptr, false);
  const std::string code = text_at(body, "/error/code");
  const std::string received = model_.take_received();
  const bool reached = !received.empty();
  const bool good =
      reply.status == step.status && code == step.code && reached == (reply.status == 200);
  std::printf("%zu. %s\n", number, step.title.c_str());
  if (reply.status == 200) {
    std::printf("   200 allowed   %s\n", text_at(body, "/choices/0/message/content").c_str());
  } else {
    std::printf("   %u %s   %s\n", reply.status, code.c_str(),
                text_at(body, "/error/message").c_str());
  }
  if (step.show_received) {
    std::printf("   sent:     %s\n   received: %s\n", step.body.c_str(), received.c_str());
  }
  std::printf("   decision %s%s\n", reply.decision.c_str(),
              reached ? "" : "   (the model received nothing)");
  if (!good) std::printf("   UNEXPECTED: wanted %u %s\n", step.status, step.code.c_str());
  return good;
}

bool Demo::show_all() {
  bool good = true;
  std::size_t number = 0;
  for (const DemoStep& step : demo_steps()) good = show(++number, step) && good;
  return good;
}

bool Demo::show_verification() const {
  const VerifyReport whole = verify(site_.audit_directory(), site_);
  std::printf("\nThe log: %llu records, %llu decisions, %llu outcomes; root %s\n",
              static_cast<unsigned long long>(whole.records),
              static_cast<unsigned long long>(whole.decisions),
              static_cast<unsigned long long>(whole.outcomes), whole.root.c_str());
  for (const Fault& fault : whole.faults) std::printf("  %s\n", fault.text().c_str());
  for (const std::string& note : whole.not_checked) std::printf("  %s\n", note.c_str());
  const bool is_whole = whole.exit == VerifyExit::whole || whole.exit == VerifyExit::unanchored;
  std::printf("  portcullis audit verify %s: %s\n", site_.audit_directory().c_str(),
              is_whole ? "whole" : "NOT WHOLE");

  const std::string copy = site_.directory + "/tampered";
  if (!tamper(site_.audit_directory(), copy)) {
    std::printf("  cannot make a tampered copy in %s\n", copy.c_str());
    return false;
  }
  const VerifyReport broken = verify(copy, site_);
  std::printf("The same with one byte flipped in a copy:\n");
  for (std::size_t i = 0; i < broken.faults.size() && i < 2; ++i) {
    std::printf("  %s\n", broken.faults[i].text().c_str());
  }
  const bool noticed = broken.exit == VerifyExit::integrity;
  std::printf("  portcullis audit verify %s: %s\n\n", copy.c_str(),
              noticed ? "NOT WHOLE, as it must be" : "the tampering went UNNOTICED");
  return is_whole && noticed;
}

void Demo::print_invitation() const {
  const std::string token = make_token(site_, {}, key_);
  const std::string base = "http://127.0.0.1:" + std::to_string(site_.port) + "/v1";
  std::printf(
      "\nStill up. Point your own application at it: set its base URL and use the token as its "
      "key.\n\n"
      "  export OPENAI_BASE_URL=%s\n  export OPENAI_API_KEY=%s\n\n"
      "  curl %s/chat/completions -H \"Authorization: Bearer $OPENAI_API_KEY\" \\\n"
      "    -H 'Content-Type: application/json' \\\n"
      "    -d "
      "'{\"model\":\"demo-model\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n\n"
      "Configuration %s, policy %s/policy.yaml (kill -HUP reloads it).\n"
      "Ctrl-C ends it and verifies the log.\n",
      base.c_str(), token.c_str(), base.c_str(), site_.config_file().c_str(),
      site_.directory.c_str());
  std::fflush(stdout);
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
  CLI::App* const command =
      app.add_subcommand("demo", "Show the whole product with an embedded issuer and model");
  command->footer(
      "Sends sample traffic through a real daemon and verifies its log, then stays up for your "
      "own\n"
      "requests until Ctrl-C. Exit codes: 0 all was as it must be; 1 something was not.");
  static Options options;
  command->add_flag("--once", options.once, "End after the sample traffic");
  command->add_option("--directory", options.directory,
                      "Keep configuration, keys, people, policy and audit/ here (default: a new "
                      "temporary directory)");
  command->callback([&exit_code] { exit_code = Demo(options).run(); });
}

}  // namespace portcullis::cli
