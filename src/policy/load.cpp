// load_policy(): parse, type, lint, compile; and what a PolicySet tells of itself.
#include <algorithm>
#include <exception>

#include "base/crypto.h"
#include "base/yaml.h"
#include "policy/canonical.h"
#include "policy/compile.h"
#include "policy/lint.h"
#include "policy/parse.h"
#include "portcullis/policy.h"

namespace portcullis {
namespace {

using Compiled = PolicySet::Compiled;

std::unique_ptr<Compiled> load_compiled(std::string_view text, const PolicyContext& context,
                                        Diagnostics& diagnostics) {
  const YamlNode root = parse_yaml(text, diagnostics);
  if (diagnostics.failed()) return nullptr;
  policy::Syntax syntax = policy::parse_policy(root, context, diagnostics);
  if (diagnostics.failed()) return nullptr;
  policy::lint(syntax, context, diagnostics);
  const Digest digest = sha256(policy::canonical_json(syntax));
  std::unique_ptr<Compiled> compiled = policy::compile(std::move(syntax), diagnostics);
  if (compiled == nullptr) return nullptr;
  compiled->digest = digest;
  compiled->source_digest = sha256(text);
  return compiled;
}

void report(std::vector<Diagnostic> all, PolicyLoad& load) {
  std::ranges::stable_sort(all, [](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(a.position.line, a.position.column) <
           std::pair(b.position.line, b.position.column);
  });
  for (const Diagnostic& diagnostic : all) {
    (diagnostic.warning ? load.warnings : load.errors).push_back(diagnostic.text());
  }
}

}  // namespace

PolicySet::PolicySet(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
PolicySet::~PolicySet() = default;

const std::string& PolicySet::name() const { return compiled_->syntax.name; }
std::int64_t PolicySet::sequence() const { return compiled_->syntax.sequence; }
const Digest& PolicySet::digest() const { return compiled_->digest; }
const Digest& PolicySet::source_digest() const { return compiled_->source_digest; }
const std::vector<ModelEntry>& PolicySet::models() const { return compiled_->syntax.models; }
std::size_t PolicySet::rule_count() const { return compiled_->syntax.rules.size(); }

const ModelEntry* PolicySet::find_model(std::string_view wire_name) const {
  const auto rank = compiled_->wire_names.find(wire_name);
  if (!rank) return nullptr;
  return &compiled_->syntax.models[compiled_->entry_of_name[*rank]];
}

PolicyLoad load_policy(std::string_view text, const std::string& file,
                       const PolicyContext& context) {
  PolicyLoad load;
  Diagnostics diagnostics(file);
  std::unique_ptr<Compiled> compiled;
  try {
    compiled = load_compiled(text, context, diagnostics);
  } catch (const std::exception& error) {
    diagnostics.error({}, std::string("cannot be loaded: ") + error.what());
  }
  const bool failed = diagnostics.failed();
  report(diagnostics.take(), load);
  if (!failed && compiled != nullptr) {
    load.policy = std::make_shared<const PolicySet>(std::move(compiled));
  }
  return load;
}

}  // namespace portcullis
