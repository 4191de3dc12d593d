#include "cli/policy_context.h"

#include "config/config.h"
#include "portcullis/classify.h"

namespace portcullis::cli {

tl::expected<PolicyContext, std::vector<std::string>> policy_context(
    const std::string& config_file) {
  ClassifierOptions classify;
  PolicyContext context;
  if (!config_file.empty()) {
    const auto config = load_config(config_file);
    if (!config) return tl::make_unexpected(config.error());
    classify = config->classify;
    for (const UpstreamSection& upstream : config->upstreams) {
      context.upstreams.push_back(upstream.name);
    }
  }
  const auto classifier = Classifier::compile(classify);
  if (!classifier) return tl::make_unexpected(std::vector{classifier.error().message});
  context.data_classes = (*classifier)->classes();
  for (const auto& [type, data_class] : (*classifier)->types()) context.data_types.push_back(type);
  return context;
}

}  // namespace portcullis::cli
