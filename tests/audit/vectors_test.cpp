// What every vector of tests/vectors says of itself: exit code, and the places of the faults. They
// hold each row of "what it must show under attack"; docs/verify.py is held to the same.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "audit/support.h"
#include "portcullis/verify.h"

namespace portcullis::audit {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string vectors = PORTCULLIS_SOURCE_DIR "/tests/vectors";

std::vector<std::string> vector_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(vectors)) {
    if (fs::exists(entry.path() / "expect.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Git keeps no modes: secrets must be their owner's alone.
const std::string& copied_vectors() {
  static const TemporaryDirectory home;
  static const std::string path = [] {
    copy_directory(vectors, home.path() + "/v");
    for (const auto& entry : fs::directory_iterator(home.path() + "/v/keys")) {
      fs::permissions(entry.path(), fs::perms(0600));
    }
    return home.path() + "/v";
  }();
  return path;
}

std::chrono::seconds duration(const std::string& text) {
  const std::map<char, int> units = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  return std::chrono::seconds(std::stoi(text) * units.at(text.back()));
}

VerifyOptions options_of(const Json& expected, const std::string& base) {
  VerifyOptions options;
  const auto path = [&](const std::string& name) { return base + '/' + name; };
  for (const Json& directory : expected["directories"]) {
    options.directories.push_back(path(directory));
  }
  const Json& list = expected["options"];
  for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
    const std::string name = list[i];
    const std::string value = list[i + 1];
    if (name == "--public-key") options.public_key_file = path(value);
    if (name == "--key") options.key_file = path(value);
    if (name == "--escrow-key") options.escrow_key_file = path(value);
    if (name == "--approver-key") options.approver_key_file = path(value);
    if (name == "--tsa-certificate") options.certificate_files.push_back(path(value));
    if (name == "--witness-key") options.witness_key_files.push_back(path(value));
    if (name == "--anchor") options.anchor_files.push_back(path(value));
    if (name == "--anchor-age") options.anchor_age = duration(value);
    if (name == "--receipt") options.receipts.push_back(value);
    if (name == "--streams") options.streams_file = path(value);
    if (name == "--from") options.from = value;
    if (name == "--to") options.to = value;
  }
  return options;
}

std::string place(const std::string& file, const Json& fault) {
  const std::string seq = fault.contains("seq") ? fault["seq"].dump() : "-";
  return file + ':' + fault["line"].dump() + ':' + fault["offset"].dump() + ':' + seq;
}

std::set<std::string> expected_places(const Json& expected) {
  std::set<std::string> places;
  for (const Json& fault : expected["faults"]) places.insert(place(fault["file"], fault));
  return places;
}

std::set<std::string> found_places(const VerifyReport& report, const std::string& base) {
  std::set<std::string> places;
  for (const Fault& fault : report.faults) {
    std::string text = fault.text();
    if (text.starts_with(base + '/')) text.erase(0, base.size() + 1);
    places.insert(text.substr(0, text.find(": ")));
  }
  return places;
}

class Vectors : public testing::TestWithParam<std::string> {};

TEST_P(Vectors, GiveTheirExitCodeAndPlaces) {
  const std::string base = copied_vectors() + '/' + GetParam();
  const Json expected = Json::parse(read_text(base + "/expect.json"));
  for (const unsigned jobs : {1u, 3u}) {
    VerifyOptions options = options_of(expected, base);
    options.jobs = jobs;
    const VerifyReport report = verify_log(options);
    EXPECT_EQ(static_cast<int>(report.exit), expected["exit"].get<int>())
        << expected["about"] << '\n'
        << problems(report) << testing::PrintToString(report.not_checked);
    if (report.exit == VerifyExit::usage) continue;
    EXPECT_EQ(found_places(report, base), expected_places(expected)) << expected["about"] << '\n'
                                                                     << problems(report);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Vectors, testing::ValuesIn(vector_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace portcullis::audit
