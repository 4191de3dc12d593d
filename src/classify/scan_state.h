// One thread's working state over the compiled rules: a text is scanned window by window.
//
// Thread-safety: confined to one thread. Lifetimes: keeps its Classifier alive; Found::finding
// views it. Errors: scan_text() is false when an engine failed; a budget that ran out is a flag.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "classify/compiled.h"
#include "classify/digits.h"
#include "classify/escapes.h"
#include "classify/features.h"
#include "classify/fold.h"
#include "classify/patterns.h"
#include "classify/resolve.h"

namespace portcullis {

struct Scanner::State final : classify::PatternVisitor {
  explicit State(std::shared_ptr<const Classifier> classifier);

  // Appends to `found`. False if an engine gave no clean answer.
  bool scan_text(const Text& text, std::uint32_t index);
  bool exhausted() const {
    return work > rules.work_bytes_max || found_total > findings_max || cut;
  }

  std::size_t visit(const classify::PatternMatch& match) override;
  bool wants(std::size_t rule) override;

  static constexpr std::size_t findings_max = 100000;  // of one scan: bounds memory
  std::vector<classify::Found> found;                  // of the current text
  std::uint64_t work = 0;                              // bytes looked at in this scan
  std::size_t found_total = 0;                         // in this scan
  bool cut = false;                                    // an unescaped text was too large

  std::shared_ptr<const Classifier> owner;
  const classify::Rules& rules;

 private:
  struct Place {  // a value in the window, in its original, and what is known of it
    std::size_t rule = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    ByteRange original;
    classify::Evidence evidence;
  };

  bool scan_value(std::string_view value);
  bool scan_unescaped(std::string_view value);
  bool scan_window();
  void scan_digits();
  void scan_emails();
  void scan_assignments();
  void scan_key();
  void propose(Place place);
  void report(const Place& place, Confidence confidence);
  bool has_context(const classify::Rule& rule, const Place& place);
  // The groups of the words near a place; remembered, as several rules ask about one place.
  const classify::ContextGroups& words_near(std::size_t begin, std::size_t end,
                                            std::size_t distance);
  void find_words();
  const classify::ContextGroups& name_groups();
  ByteRange in_original(std::size_t begin, std::size_t end) const;
  static classify::WindowSizes window_sizes(const classify::Rules& rules);

  bool usable_ = true;
  classify::Folder folder_;
  classify::DigitFinder digits_;
  std::array<classify::PatternFinder, classify::pattern_groups> patterns_;
  std::vector<std::size_t> email_rules_;
  std::vector<std::size_t> assignment_rules_;

  // Of the current text.
  const Text* text_ = nullptr;
  std::uint32_t index_ = 0;
  bool escapes_seen_ = false;
  const classify::Unescaped* unescaped_ = nullptr;  // what is scanned instead of the text itself
  std::vector<std::size_t> resume_;      // by rule: matches before this byte of the text are done
  classify::ContextGroups name_groups_;  // of the words in its key and pointer
  bool name_groups_known_ = false;
  std::vector<classify::ContextHit> name_words_;

  // Of the current window.
  classify::Window window_;
  classify::Features features_;
  std::vector<classify::ContextHit> words_;
  classify::ContextGroups window_groups_;
  bool words_known_ = false;
  classify::ContextGroups near_;
  std::size_t near_begin_ = 0;
  std::size_t near_end_ = 0;
  std::size_t near_distance_ = 0;  // 0: nothing is remembered
  std::vector<classify::DigitMatch> digit_matches_;
};

}  // namespace portcullis
