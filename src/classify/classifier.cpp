#include <algorithm>
#include <map>
#include <set>

#include "base/crypto.h"
#include "base/json_out.h"
#include "classify/compiled.h"
#include "classify/fold.h"
#include "classify/patterns.h"

namespace portcullis {
namespace classify {
namespace {

// Changes whenever the same table and options could give other findings.
constexpr std::string_view semantics = "portcullis-classify-2";
constexpr std::size_t custom_max = 256;
constexpr std::string_view known_countries[] = {"de", "es", "nl", "pl", "uk", "us"};

// A value that must not stand directly behind a letter or digit says so in its pattern: else the
// automaton follows one possible start a byte, and hexadecimal text costs four times as much. An
// underscore counts as a letter for \b; the scanner takes it off again.
constexpr std::string_view alone_prefix = "(?:\\b|_)(?:";

bool starts_alone(Extent extent) { return extent == Extent::match || extent == Extent::iban; }

class Compiler {
 public:
  void add(const Detector& row) {
    Rule rule;
    rule.type = row.type;
    rule.data_class = row.data_class;
    rule.shape = row.shape;
    rule.extent = row.extent;
    rule.group = row.data_class == "secret" ? PatternGroup::secret : PatternGroup::personal;
    rule.pattern = starts_alone(row.extent) ? std::string(alone_prefix).append(row.pattern) + ")"
                                            : std::string(row.pattern);
    rule.valid = find_validator(row.validator);
    rule.grouped = row.grouped;
    rule.needs_context = row.needs_context;
    rule.context = group_of(split(row.context));
    rule.p = row.p;
    rule.detector = &row;
    describe(rule, row.validator, row.context);
    rules_.push_back(std::move(rule));
  }

  void add(const CustomDetector& row) {
    Rule rule;
    rule.type = row.type;
    rule.data_class = row.data_class;
    rule.extent = Extent::prefixed;
    rule.pattern = row.pattern;
    rule.valid = find_validator(row.checksum);
    rule.needs_context = !row.keywords.empty();
    rule.context = group_of(row.keywords);
    rule.distance = row.distance;
    rule.declared = true;
    rule.confidence = row.confidence;
    std::string words;
    for (const std::string& word : row.keywords) words += word + "|";
    describe(rule, row.checksum, words);
    rules_.push_back(std::move(rule));
  }

  Result<Rules> finish(const ClassifierOptions& options) && {
    if (!ContextWords::fits(words_)) return failure(Cause::limit, "too many context words");
    Rules rules(std::move(words_));
    rules.all = std::move(rules_);
    rules.minimum = options.minimum_confidence;
    rules.work_bytes_max = options.work_bytes_max;
    std::set<std::string> classes;
    for (const Rule& rule : rules.all) {
      classes.insert(rule.data_class);
      rules.distance_max = std::max<std::size_t>(rules.distance_max, rule.distance);
    }
    rules.classes.assign(classes.begin(), classes.end());
    JsonWriter(description_)
        .string(confidence_name(options.minimum_confidence))
        .integer(static_cast<std::int64_t>(options.work_bytes_max));
    rules.digest = sha256(description_);
    return rules;
  }

 private:
  static std::vector<std::string> split(std::string_view words) {
    std::vector<std::string> all;
    while (!words.empty()) {
      const std::size_t bar = std::min(words.find('|'), words.size());
      all.emplace_back(words.substr(0, bar));
      words.remove_prefix(std::min(words.size(), bar + 1));
    }
    return all;
  }

  ContextGroup group_of(const std::vector<std::string>& words) {
    if (words.empty()) return no_context;
    const auto [found, added] =
        groups_.try_emplace(words, static_cast<ContextGroup>(groups_.size()));
    if (added) {
      for (const std::string& word : words) words_.push_back({fold(word), found->second});
    }
    return found->second;
  }

  void describe(const Rule& rule, std::string_view validator, std::string_view context) {
    JsonWriter json(description_);
    json.begin_array().string(rule.type).string(rule.data_class).string(rule.pattern);
    json.string(validator).string(context).integer(rule.distance);
    json.string(std::to_string(rule.p)).string(confidence_name(rule.confidence));
    json.boolean(rule.declared).boolean(rule.needs_context).end_array();
  }

  std::vector<Rule> rules_;
  std::vector<ContextWord> words_;
  std::map<std::vector<std::string>, ContextGroup> groups_;
  std::string description_{semantics};
};

Result<void> check_options(const ClassifierOptions& options) {
  for (const std::string& country : options.countries) {
    if (std::find(std::begin(known_countries), std::end(known_countries), country) ==
        std::end(known_countries)) {
      return failure(Cause::invalid, "classify.countries: unknown country " + country +
                                         "; known are de, es, nl, pl, uk, us");
    }
  }
  if (options.custom.size() > custom_max) {
    return failure(Cause::limit, "classify.custom: more than 256 detectors");
  }
  std::set<std::string_view> types;
  for (const CustomDetector& detector : options.custom) {
    std::string error = refuse_custom(detector);
    if (error.empty() && !types.insert(detector.type).second) error = "the type is defined twice";
    if (!error.empty()) {
      return failure(Cause::invalid, "classify.custom: " + detector.type + ": " + error);
    }
  }
  return {};
}

// Every pattern must be usable together with the others of its group.
Result<void> check_patterns(const Rules& rules) {
  for (std::size_t group = 0; group < pattern_groups; ++group) {
    PatternFinder finder;
    for (std::size_t i = 0; i < rules.all.size(); ++i) {
      const Rule& rule = rules.all[i];
      if (rule.shape != Shape::pattern || static_cast<std::size_t>(rule.group) != group) continue;
      const std::string error = finder.add(i, rule.pattern);
      if (!error.empty()) return failure(Cause::invalid, rule.type + ": pattern: " + error);
    }
    if (!finder.empty() && !finder.compile()) {
      return failure(Cause::limit, "the detectors' patterns together are too large");
    }
  }
  return {};
}

}  // namespace
}  // namespace classify

Classifier::Classifier(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Classifier::~Classifier() = default;

Result<std::shared_ptr<const Classifier>> Classifier::compile(const ClassifierOptions& options) {
  if (const auto checked = classify::check_options(options); !checked) {
    return tl::unexpected(checked.error());
  }
  classify::Compiler compiler;
  for (const auto rows : {classify::personal_detectors(), classify::secret_detectors()}) {
    for (const classify::Detector& row : rows) {
      const auto& packs = options.countries;
      const bool loaded =
          row.country.empty() || std::find(packs.begin(), packs.end(), row.country) != packs.end();
      if (loaded) compiler.add(row);
    }
  }
  for (const CustomDetector& detector : options.custom) compiler.add(detector);
  auto rules = std::move(compiler).finish(options);
  if (!rules) return tl::unexpected(rules.error());
  if (const auto checked = classify::check_patterns(*rules); !checked) {
    return tl::unexpected(checked.error());
  }
  auto compiled = std::make_unique<Compiled>(Compiled{std::move(*rules)});
  return std::shared_ptr<const Classifier>(new Classifier(std::move(compiled)));
}

const Digest& Classifier::digest() const { return compiled_->rules.digest; }

const std::vector<std::string>& Classifier::classes() const { return compiled_->rules.classes; }

std::vector<std::pair<std::string, std::string>> Classifier::types() const {
  std::set<std::pair<std::string, std::string>> all;
  for (const classify::Rule& rule : compiled_->rules.all) all.insert({rule.type, rule.data_class});
  return {all.begin(), all.end()};
}

}  // namespace portcullis
