// Golden cases: cases/NAME.yaml, a policy; NAME.input, named inputs; NAME.golden, what is decided.
//
// An .input file has one JSON object a line after "name: "; each is a patch (RFC 7386) of
// cases/base.json. PORTCULLIS_UPDATE_GOLDEN=1 rewrites the .golden files.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/encoding.h"
#include "policy/model.h"
#include "policy/support.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

namespace fs = std::filesystem;

const fs::path directory = fs::path(PORTCULLIS_SOURCE_DIR) / "tests/policy/cases";

PolicyInput patched(const std::string& patch) {
  auto json = nlohmann::json::parse(test::slurp(directory / "base.json"));
  json.merge_patch(nlohmann::json::parse(patch));
  const Result<PolicyInput> input = parse_policy_input(json.dump());
  if (!input) ADD_FAILURE() << input.error().message << " in " << patch;
  return input.value_or(PolicyInput{});
}

std::string decided(const Decision& decision) {
  return describe(model::ruling_of(decision)) +
         (decision.detail.empty() ? "" : "\n    " + decision.detail);
}

std::string run(const fs::path& policy_file) {
  const PolicyLoad load =
      load_policy(test::slurp(policy_file), policy_file.filename().string(), test::context());
  std::string out;
  for (const std::string& error : load.errors) out += "error " + error + '\n';
  for (const std::string& warning : load.warnings) out += warning + '\n';
  if (load.policy == nullptr) return out;
  out += "digest " + hex(load.policy->digest()) + '\n';
  std::istringstream lines(test::slurp(fs::path(policy_file).replace_extension(".input")));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto colon = line.find(": ");
    out += line.substr(0, colon) + ": " +
           decided(decide(*load.policy, patched(line.substr(colon + 2)))) + '\n';
  }
  return out;
}

class PolicyCase : public testing::TestWithParam<fs::path> {};

TEST_P(PolicyCase, DecidesAsRecorded) {
  const fs::path golden = fs::path(GetParam()).replace_extension(".golden");
  const std::string actual = run(GetParam());
  if (std::getenv("PORTCULLIS_UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << actual;
  EXPECT_EQ(test::slurp(golden), actual);
}

std::vector<fs::path> policies() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Golden, PolicyCase, testing::ValuesIn(policies()), [](const auto& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace portcullis
