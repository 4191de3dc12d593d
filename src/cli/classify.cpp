// portcullis classify: text in, findings out with byte offsets. Exit 1 if a text could not be
// scanned to its end.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json_out.h"
#include "cli/command.h"
#include "config/config.h"
#include "portcullis/classify.h"

namespace portcullis::cli {
namespace {

constexpr int exit_unscanned = 1;

struct Options {
  std::string file;  // empty: standard input
  std::string config_file;
  bool json = false;
  bool jsonl = false;
};

void append_findings(std::string& out, const Findings& findings) {
  JsonWriter json(out);
  json.begin_array();
  for (const Finding& finding : findings.findings) {
    json.begin_object().string("type", finding.type).string("class", finding.data_class);
    json.string("confidence", confidence_name(finding.confidence));
    json.integer("start", finding.begin).integer("end", finding.end).end_object();
  }
  json.end_array();
}

void append_result(std::string& out, std::string_view id, const Findings& findings) {
  out += '{';
  if (!id.empty()) out.append("\"id\":").append(id).append(",");
  out += "\"findings\":";
  append_findings(out, findings);
  if (!findings.unscanned.empty()) out += ",\"unscanned\":[\"" + findings.unscanned[0].what + "\"]";
  out += "}\n";
}

void append_table(std::string& out, const Findings& findings) {
  char line[256];
  for (const Finding& finding : findings.findings) {
    std::snprintf(line, sizeof line, "%8u  %8u  %-26.*s  %-12.*s  %s\n", finding.begin, finding.end,
                  static_cast<int>(finding.type.size()), finding.type.data(),
                  static_cast<int>(finding.data_class.size()), finding.data_class.data(),
                  std::string(confidence_name(finding.confidence)).c_str());
    out += line;
  }
  if (findings.findings.empty()) out += "nothing found\n";
  for (const Unscanned& rest : findings.unscanned) out += "not scanned: " + rest.what + "\n";
}

OrDenial<Findings> scan_one(Scanner& scanner, std::string_view value) {
  Text text;
  text.value = value;
  return scanner.scan({&text, 1});
}

int print(const std::string& out, const Findings& findings) {
  std::fwrite(out.data(), 1, out.size(), stdout);
  return findings.unscanned.empty() ? 0 : exit_unscanned;
}

// std::cin reads by way of stdin, which alone knows of an error.
bool is_whole(const std::istream& in) {
  return !in.bad() && (&in != &std::cin || std::ferror(stdin) == 0);
}

int refuse_input(const Options& options) {
  const std::string name = options.file.empty() ? "standard input" : options.file;
  std::fprintf(stderr, "cannot read %s\n", name.c_str());
  return exit_internal;
}

std::string read_all(std::istream& in) {
  std::string text;
  std::array<char, 65536> some{};
  while (in.read(some.data(), some.size()) || in.gcount() > 0) {
    text.append(some.data(), static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

int classify_text(Scanner& scanner, std::istream& in, const Options& options) {
  const std::string text = read_all(in);
  if (!is_whole(in)) return refuse_input(options);
  const auto findings = scan_one(scanner, text);
  if (!findings) {
    std::fprintf(stderr, "%s\n", findings.error().detail.c_str());
    return exit_internal;
  }
  std::string out;
  if (options.json) {
    append_result(out, {}, *findings);
  } else {
    append_table(out, *findings);
  }
  return print(out, *findings);
}

// One line of --jsonl: {"id": string or number, "text": string}.
int classify_line(Scanner& scanner, const std::string& line, std::size_t number) {
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  const bool good = parsed.is_object() && parsed.contains("id") && parsed.contains("text") &&
                    parsed["text"].is_string() &&
                    (parsed["id"].is_string() || parsed["id"].is_number());
  if (!good) {
    std::fprintf(stderr, "line %zu: expected {\"id\": string or number, \"text\": string}\n",
                 number);
    return exit_usage;
  }
  const auto findings = scan_one(scanner, parsed["text"].get_ref<const std::string&>());
  if (!findings) {
    std::fprintf(stderr, "line %zu: %s\n", number, findings.error().detail.c_str());
    return exit_internal;
  }
  std::string out;
  append_result(out, parsed["id"].dump(), *findings);
  return print(out, *findings);
}

int classify_lines(Scanner& scanner, std::istream& in, const Options& options) {
  int exit_code = 0;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const int result = classify_line(scanner, line, number);
    if (result > exit_unscanned) return result;
    exit_code = std::max(exit_code, result);
  }
  return is_whole(in) ? exit_code : refuse_input(options);
}

int run(const Options& options) {
  ClassifierOptions classify;
  if (!options.config_file.empty()) {
    const auto config = load_config(options.config_file);
    if (!config) {
      for (const std::string& error : config.error()) std::fprintf(stderr, "%s\n", error.c_str());
      return exit_config;
    }
    classify = config->classify;
  }
  const auto classifier = Classifier::compile(classify);
  if (!classifier) {
    std::fprintf(stderr, "%s\n", classifier.error().message.c_str());
    return exit_config;
  }
  Scanner scanner(*classifier);
  std::ifstream file;
  if (!options.file.empty()) {
    file.open(options.file, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot open %s\n", options.file.c_str());
      return exit_usage;
    }
  }
  std::istream& in = options.file.empty() ? std::cin : file;
  return options.jsonl ? classify_lines(scanner, in, options) : classify_text(scanner, in, options);
}

}  // namespace

void add_classify(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "classify", "Find regulated data in a text; offsets are bytes, from 0, end exclusive");
  command->add_option("FILE", options->file, "the text; standard input if absent");
  command->add_option("--config", options->config_file,
                      "use the classify section of this configuration");
  auto* json = command->add_flag("--json", options->json, "one JSON object on standard output");
  command
      ->add_flag("--jsonl", options->jsonl,
                 "each line is {\"id\", \"text\"}; each answer {\"id\", \"findings\"}")
      ->excludes(json);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace portcullis::cli
