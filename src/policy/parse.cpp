#include "policy/parse.h"

#include <algorithm>
#include <map>
#include <set>

#include "policy/attributes.h"
#include "policy/parse_parts.h"

namespace portcullis::policy {
namespace {

const Keys top_keys{{"apiVersion", "kind", "metadata", "models", "rules"},
                    {"tests", "signers", "signature", "mode", "extends", "budgets"}};
const Keys metadata_keys{{"name", "sequence", "valid_until"}, {"signers", "mode"}};
const Keys model_keys{{"names", "upstream", "region", "tags"}, {"route", "fallbacks"}};

class DocumentParser {
 public:
  DocumentParser(Vocabulary& vocabulary, Diagnostics& diagnostics)
      : vocabulary_(vocabulary), diagnostics_(diagnostics), parser_(vocabulary, diagnostics) {}

  Syntax read(const YamlNode& root) {
    parser_.check_keys(root, top_keys);
    expect(root, "apiVersion", "portcullis/v1");
    expect(root, "kind", "PolicySet");
    if (const YamlNode* metadata = parser_.require_key(root, "metadata")) read_metadata(*metadata);
    if (const YamlNode* models = root.find("models")) read_models(*models);
    if (const YamlNode* rules = parser_.require_key(root, "rules")) read_rules(*rules);
    return std::move(out_);
  }

 private:
  void expect(const YamlNode& root, std::string_view key, std::string_view value) {
    if (const YamlNode* node = parser_.require_key(root, key)) {
      parser_.choice(*node, Keys{{value}, {}});
    }
  }

  void read_metadata(const YamlNode& node) {
    parser_.check_keys(node, metadata_keys);
    if (const YamlNode* name = parser_.require_key(node, "name")) {
      out_.name = parser_.identifier(*name).value_or("");
    }
    if (const YamlNode* sequence = parser_.require_key(node, "sequence")) {
      out_.sequence = read_integer(*sequence, 1, std::int64_t{1} << 53, diagnostics_).value_or(0);
    }
    if (const YamlNode* until = node.find("valid_until")) {
      out_.valid_until = parser_.timestamp(*until);
    }
  }

  void read_models(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::mapping) {
      diagnostics_.error(node.position, "expected a mapping from keys to models");
      return;
    }
    if (node.pairs.size() > models_max) {
      diagnostics_.error(node.position, "more than " + std::to_string(models_max) + " models");
      return;
    }
    for (const auto& [key, value] : node.pairs) {
      if (const auto name = parser_.identifier(key)) read_model(*name, value);
    }
    std::ranges::sort(out_.models, {}, &ModelEntry::key);
    for (const ModelEntry& model : out_.models) vocabulary_.entries.push_back(model.key);
  }

  void read_model(const std::string& key, const YamlNode& node) {
    parser_.check_keys(node, model_keys);
    ModelEntry entry;
    entry.key = key;
    if (const YamlNode* names = parser_.require_key(node, "names")) {
      entry.names = parser_.names(*names);
      if (names->kind == YamlNode::Kind::sequence && names->items.empty()) {
        diagnostics_.error(names->position, "expected at least one name");
      }
      check_wire_names(key, *names);
    }
    if (const YamlNode* upstream = node.find("upstream")) {
      entry.upstream = parser_.name(*upstream).value_or("");
      parser_.check_known(upstream->position, "upstream", entry.upstream, vocabulary_.upstreams);
    }
    if (const YamlNode* region = node.find("region")) entry.region = parser_.name(*region);
    if (const YamlNode* tags = node.find("tags")) entry.tags = parser_.names(*tags);
    out_.models.push_back(std::move(entry));
  }

  void check_wire_names(const std::string& key, const YamlNode& names) {
    for (const YamlNode& item : names.items) {
      if (item.text.find('*') != std::string::npos) {
        diagnostics_.error(item.position,
                           "a name on the wire is exact: \"*\" is not a pattern in it");
      }
      const auto [first, added] = wire_names_.emplace(item.text, key);
      if (!added) {
        diagnostics_.error(item.position, "the name " + quote_for_message(item.text) +
                                              " is already that of \"" + first->second + '"');
      }
    }
  }

  void read_rules(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::sequence) {
      diagnostics_.error(node.position, "expected a sequence of rules");
      return;
    }
    if (node.items.size() > rules_max) {
      diagnostics_.error(node.position, "more than " + std::to_string(rules_max) + " rules");
      return;
    }
    std::map<std::string, int, std::less<>> lines;
    for (const YamlNode& item : node.items) {
      std::optional<Rule> rule = parser_.rule(item);
      if (!rule) continue;
      const auto [first, added] = lines.emplace(rule->id, item.position.line);
      if (!added) {
        diagnostics_.error(item.position, "the rule id \"" + rule->id +
                                              "\" is already used in line " +
                                              std::to_string(first->second));
      }
      out_.rules.push_back(std::move(*rule));
    }
    std::ranges::sort(out_.rules, {}, &Rule::id);
  }

  Vocabulary& vocabulary_;
  Diagnostics& diagnostics_;
  Parser parser_;
  Syntax out_;
  std::map<std::string, std::string, std::less<>> wire_names_;
};

// What could not be read is an item whose type is its class.
std::vector<std::string> with_unscanned(std::vector<std::string> names) {
  for (const std::string_view name : unscanned_classes()) names.emplace_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace

Syntax parse_policy(const YamlNode& root, const PolicyContext& context, Diagnostics& diagnostics) {
  Vocabulary vocabulary;
  vocabulary.data_classes = with_unscanned(context.data_classes);
  if (!context.data_types.empty()) vocabulary.data_types = with_unscanned(context.data_types);
  vocabulary.upstreams = context.upstreams;
  std::ranges::sort(vocabulary.upstreams);
  return DocumentParser(vocabulary, diagnostics).read(root);
}

}  // namespace portcullis::policy
