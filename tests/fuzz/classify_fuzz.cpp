// Any bytes as a text, with the first line as its member name: no crash, ranges within the text,
// the same answer twice.
#include <cstdlib>

#include "portcullis/classify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis;
  static const auto classifier = [] {
    ClassifierOptions options;
    options.minimum_confidence = Confidence::low;
    CustomDetector custom;
    custom.type = "employee_id";
    custom.data_class = "hr";
    custom.pattern = "E-[0-9]{4,8}";
    custom.keywords = {"badge"};
    options.custom = {custom};
    return Classifier::compile(options);
  }();
  if (!classifier) std::abort();
  static Scanner scanner(*classifier);

  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  Text text;
  text.key = line == std::string_view::npos ? std::string_view() : input.substr(0, line);
  text.value = line == std::string_view::npos ? input : input.substr(line + 1);
  const auto first = scanner.scan({&text, 1});
  const auto second = scanner.scan({&text, 1});
  if (!first || !second || first->findings.size() != second->findings.size()) std::abort();
  for (const Finding& finding : first->findings) {
    if (finding.begin >= finding.end || finding.end > text.value.size()) std::abort();
  }
  return 0;
}
