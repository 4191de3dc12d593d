#include <functional>
#include <map>
#include <utility>

#include "base/crypto.h"
#include "base/yaml.h"
#include "identity/contract_date.h"
#include "identity/strict_json.h"
#include "portcullis/identity.h"

namespace portcullis {

namespace {

struct Index {
  std::vector<Directory::Person> people;
  std::map<std::string, std::size_t, std::less<>> by_id;  // index into people
  // issuer, then key, then index into people
  std::map<std::string, std::map<std::string, std::size_t, std::less<>>, std::less<>> by_identity;
};

constexpr YamlLimits directory_limits{.bytes_max = 64u << 20, .depth_max = 8};

// Reads one file. Everything that is wrong goes to the diagnostics, and reading goes on.
class Loader {
 public:
  Loader(Diagnostics& diagnostics, Index& target) : diagnostics_(diagnostics), target_(target) {}

  void read(const YamlNode& root) {
    refuse_unknown_keys(root, {"people"}, diagnostics_);
    const YamlNode* people = require(root, "people");
    if (people == nullptr) return;
    if (people->kind != YamlNode::Kind::sequence) {
      diagnostics_.error(people->position, "people: expected a list of people");
      return;
    }
    for (const YamlNode& person : people->items) read_person(person);
  }

 private:
  const YamlNode* require(const YamlNode& mapping, std::string_view key) {
    const YamlNode* found = mapping.find(key);
    if (found == nullptr && mapping.kind == YamlNode::Kind::mapping) {
      diagnostics_.error(mapping.position, "missing key \"" + std::string(key) + "\"");
    }
    return found;
  }

  std::optional<std::string> read_identifier(const YamlNode& mapping, std::string_view key) {
    const YamlNode* node = require(mapping, key);
    if (node == nullptr) return std::nullopt;
    auto text = read_string(*node, diagnostics_);
    if (text && !is_identifier(*text)) {
      diagnostics_.error(node->position, std::string(key) +
                                             ": expected 1 to 512 bytes without control "
                                             "characters");
      return std::nullopt;
    }
    return text;
  }

  void read_person(const YamlNode& node) {
    refuse_unknown_keys(
        node, {"id", "active", "groups", "employment", "contract_end", "guest", "identities"},
        diagnostics_);
    if (node.kind != YamlNode::Kind::mapping) return;
    const std::size_t index = target_.people.size();
    Directory::Person person = read_attributes(node);
    if (auto id = read_identifier(node, "id")) {
      if (!target_.by_id.emplace(*id, index).second) {
        diagnostics_.error(node.find("id")->position,
                           "id: an earlier person has " + quote_for_message(*id) + " too");
      }
      person.id = std::move(*id);
    }
    target_.people.push_back(std::move(person));
    read_identities(node, index);
  }

  Directory::Person read_attributes(const YamlNode& node) {
    Directory::Person out;
    if (const auto* active = node.find("active")) {
      out.active = read_bool(*active, diagnostics_).value_or(false);
    }
    if (const auto* groups = node.find("groups")) out.groups = read_strings(*groups, diagnostics_);
    if (const auto* employment = node.find("employment")) {
      out.employment = read_string(*employment, diagnostics_);
    }
    if (const auto* guest = node.find("guest")) out.guest = read_bool(*guest, diagnostics_);
    if (const auto* end = node.find("contract_end")) out.contract_end = read_contract_end(*end);
    return out;
  }

  std::optional<std::int64_t> read_contract_end(const YamlNode& node) {
    const auto text = read_string(node, diagnostics_);
    if (!text) return std::nullopt;
    const auto end = parse_contract_end(*text);
    if (!end) {
      diagnostics_.error(node.position,
                         "contract_end: expected a date (2026-12-31, the last day) or a moment "
                         "(2026-12-31T17:00:00Z), found " +
                             quote_for_message(*text));
    }
    return end;
  }

  void read_identities(const YamlNode& person, std::size_t index) {
    const YamlNode* list = require(person, "identities");
    if (list == nullptr) return;
    if (list->kind != YamlNode::Kind::sequence || list->items.empty()) {
      diagnostics_.error(list->position,
                         "identities: expected a list with at least one {issuer, key}");
      return;
    }
    for (const YamlNode& identity : list->items) read_identity(identity, index);
  }

  void read_identity(const YamlNode& node, std::size_t index) {
    refuse_unknown_keys(node, {"issuer", "key"}, diagnostics_);
    const auto issuer = read_identifier(node, "issuer");
    const auto key = read_identifier(node, "key");
    if (!issuer || !key) return;
    if (!target_.by_identity[*issuer].emplace(*key, index).second) {
      diagnostics_.error(node.position, "identities: " + quote_for_message(*key) + " of " +
                                            quote_for_message(*issuer) + " is given already");
    }
  }

  Diagnostics& diagnostics_;
  Index& target_;
};

}  // namespace

struct Directory::People {
  Index index;
  Digest digest{};
};

Directory::Directory(std::unique_ptr<const People> people) : people_(std::move(people)) {}
Directory::~Directory() = default;

tl::expected<std::shared_ptr<const Directory>, std::vector<std::string>> Directory::load(
    std::string_view text, const std::string& file) {
  Diagnostics diagnostics(file);
  const YamlNode root = parse_yaml(text, diagnostics, directory_limits);
  auto people = std::make_unique<People>();
  people->digest = sha256(text);
  if (!diagnostics.failed()) {
    Loader(diagnostics, people->index).read(root);
  }
  if (diagnostics.failed()) {
    std::vector<std::string> errors;
    for (const Diagnostic& diagnostic : diagnostics.all()) errors.push_back(diagnostic.text());
    return tl::make_unexpected(std::move(errors));
  }
  return std::shared_ptr<const Directory>(new Directory(std::move(people)));
}

const Directory::Person* Directory::find(std::string_view issuer, std::string_view key) const {
  const auto keys = people_->index.by_identity.find(issuer);
  if (keys == people_->index.by_identity.end()) return nullptr;
  const auto found = keys->second.find(key);
  return found == keys->second.end() ? nullptr : &people_->index.people[found->second];
}

std::size_t Directory::size() const { return people_->index.people.size(); }
const Digest& Directory::digest() const { return people_->digest; }

}  // namespace portcullis
