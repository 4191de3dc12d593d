// The commented default file and the JSON Schema follow the parser: neither can fall behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "config/config.h"
#include "config/schema.h"
#include "config/sections.h"

namespace portcullis {
namespace {

using testing::IsEmpty;

const std::string directory = std::string(PORTCULLIS_SOURCE_DIR) + "/config/";

struct Loaded {
  std::vector<std::string> errors;
  std::map<std::string, KeyFacts> keys;
};

Loaded load(const std::string& text) {
  Diagnostics diagnostics("default");
  const YamlNode root = parse_yaml(text, diagnostics);
  Reading reading{.diagnostics = diagnostics, .directory = {}};
  Section section(&root, "", reading);
  Config config;
  read_config(section, config);
  Loaded out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out.errors.push_back(diagnostic.text());
  for (const KeyFacts& key : reading.keys) {
    if (key.present || !out.keys.contains(key.path)) out.keys.insert_or_assign(key.path, key);
  }
  return out;
}

std::string default_file() { return read_file(directory + "portcullis.yaml").value(); }

// "#key: ..." is a key that is absent by default, "# text" is prose.
std::string uncommented(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  const std::regex commented("^( *)#([a-z].*)$");
  for (std::string line; std::getline(in, line);) {
    out += std::regex_replace(line, commented, "$1$2") + "\n";
  }
  return out;
}

TEST(DefaultFile, IsValid) {
  const auto config = load_config(directory + "portcullis.yaml");
  ASSERT_TRUE(config) << config.error().front();
}

TEST(DefaultFile, SaysTheDefaultOfEveryKeyItSets) {
  const Loaded loaded = load(default_file());
  EXPECT_THAT(loaded.errors, IsEmpty());
  int compared = 0;
  for (const auto& [path, key] : loaded.keys) {
    if (!key.present || key.need == Need::required) continue;
    EXPECT_EQ(key.value, key.initial) << path;
    ++compared;
  }
  EXPECT_GT(compared, 50);
}

TEST(DefaultFile, HoldsEveryKeyThatTheParserKnows) {
  const Loaded loaded = load(uncommented(default_file()));
  EXPECT_THAT(loaded.errors, IsEmpty());
  for (const KeyFacts& key : known_keys()) {
    // A reference has one of two keys; the example of a credential shows the other.
    if (key.path == "upstreams[].credential.value_from.file") continue;
    const auto found = loaded.keys.find(key.path);
    EXPECT_TRUE(found != loaded.keys.end() && found->second.present)
        << key.path << " is not in config/portcullis.yaml";
  }
}

TEST(DefaultFile, ExplainsEveryKey) {
  std::istringstream in(default_file());
  const std::regex key("^ *(- )?#?[a-z_]+: .*$");
  const std::regex comment("^ *# .*$");
  std::string before;
  for (std::string line; std::getline(in, line); before = line) {
    if (std::regex_match(line, key)) {
      EXPECT_TRUE(std::regex_match(before, comment)) << "no sentence before: " << line;
    }
  }
}

// PORTCULLIS_UPDATE_GOLDEN=1 writes the file anew.
TEST(Schema, IsTheParsersOwn) {
  const std::string file = directory + "portcullis.schema.json";
  const std::string expected = test::schema_of(known_keys()).dump(2) + "\n";
  if (std::getenv("PORTCULLIS_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << expected;
  EXPECT_EQ(read_file(file).value_or(""), expected);
}

TEST(KnownKeys, AreDescribedOnce) {
  std::map<std::string, int> seen;
  for (const KeyFacts& key : known_keys()) {
    EXPECT_EQ(++seen[key.path], 1) << key.path;
    if (key.kind == KeyKind::count || key.kind == KeyKind::duration || key.kind == KeyKind::bytes) {
      EXPECT_LT(key.min, key.max) << key.path;
    }
  }
  EXPECT_GT(seen.size(), 90u);
}

}  // namespace
}  // namespace portcullis
