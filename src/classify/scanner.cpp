#include <limits>

#include "classify/scan_state.h"

namespace portcullis {

Scanner::Scanner(std::shared_ptr<const Classifier> classifier)
    : state_(std::make_unique<State>(std::move(classifier))) {}
Scanner::~Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;

const Classifier& Scanner::classifier() const { return *state_->owner; }

OrDenial<Findings> Scanner::scan(std::span<const Text> texts) {
  Findings findings;
  state_->work = 0;
  state_->found_total = 0;
  state_->cut = false;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Text& text = texts[i];
    if (text.value.size() >= std::numeric_limits<std::uint32_t>::max() || state_->exhausted()) {
      findings.unscanned.push_back({"budget", text.pointer});
      break;
    }
    if (!state_->scan_text(text, static_cast<std::uint32_t>(i))) {
      return deny(Reason::classifier_failed, "the classifier could not scan the content",
                  text.pointer);
    }
    classify::resolve(state_->found);
    for (const classify::Found& found : state_->found) findings.findings.push_back(found.finding);
    findings.bytes += text.value.size();
    if (state_->exhausted()) {
      findings.unscanned.push_back({"budget", text.pointer});
      break;
    }
  }
  return findings;
}

}  // namespace portcullis
