#include "classify/scan_state.h"

#include <algorithm>
#include <utility>

#include "classify/assignment.h"
#include "classify/checksums.h"
#include "classify/email.h"
#include "classify/extent.h"

namespace portcullis {
namespace {

using classify::ContextGroup;
using classify::Rule;
using classify::Shape;

// Below these no detector can match: what makes most texts of a request nearly free.
constexpr std::size_t text_bytes_min = 5;
constexpr std::uint32_t digits_min = 3;
constexpr std::uint32_t token_min = 16;
constexpr std::size_t name_bytes_max = 1024;  // of a key or pointer, looked at for context
constexpr double checked_p_max = 0.15;

constexpr std::size_t built_in_match_max = 512;

std::string canonical(const Rule& rule, std::string_view value) {
  if (rule.group == classify::PatternGroup::secret) return std::string(value);
  std::string out;
  for (const char c : value) {
    if (classify::is_alnum(c)) out.push_back(classify::to_upper(c));
  }
  return out;
}

}  // namespace

classify::WindowSizes Scanner::State::window_sizes(const classify::Rules& rules) {
  const bool custom = std::any_of(rules.all.begin(), rules.all.end(),
                                  [](const Rule& rule) { return rule.declared; });
  const std::size_t around = rules.distance_max + rules.context.longest() + 16;
  classify::WindowSizes sizes;
  sizes.lead = around;
  sizes.tail = around + (custom ? classify::match_bytes_max : built_in_match_max);
  return sizes;
}

Scanner::State::State(std::shared_ptr<const Classifier> classifier)
    : owner(std::move(classifier)),
      rules(owner->compiled_->rules),
      folder_(window_sizes(rules)),
      resume_(rules.all.size(), 0) {
  for (std::size_t i = 0; i < rules.all.size(); ++i) {
    const Rule& rule = rules.all[i];
    switch (rule.shape) {
      case Shape::digits:
        digits_.add(i, *rule.detector, rule.context);
        break;
      case Shape::pattern:
        usable_ &= patterns_[static_cast<std::size_t>(rule.group)].add(i, rule.pattern).empty();
        break;
      case Shape::email:
        email_rules_.push_back(i);
        break;
      case Shape::assignment:
        assignment_rules_.push_back(i);
        break;
    }
  }
  for (auto& finder : patterns_) usable_ &= finder.empty() || finder.compile();
}

bool Scanner::State::scan_text(const Text& text, std::uint32_t index) {
  found.clear();
  text_ = &text;
  index_ = index;
  name_groups_known_ = false;
  if (!usable_) return false;
  if (text.value.size() < text_bytes_min) return true;
  escapes_seen_ = false;
  scan_key();
  if (!scan_value(text.value)) return false;
  return !escapes_seen_ || exhausted() || scan_unescaped(text.value);
}

// Each level by itself: a value may be whole before the last escape is undone.
bool Scanner::State::scan_unescaped(std::string_view value) {
  classify::Unescaped now;
  for (int level = 0; level < classify::escape_levels_max && !exhausted(); ++level) {
    const std::string_view text = level == 0 ? value : std::string_view(now.text);
    work += text.size();
    classify::Unescaped next = classify::unescape(text);
    if (level > 0 && next.changed) next.follow(now);
    now = std::move(next);
    unescaped_ = &now;
    const bool clean = !now.changed || scan_value(now.text);
    unescaped_ = nullptr;
    cut |= now.cut;
    if (!clean) return false;
    if (!now.changed) break;
  }
  return true;
}

bool Scanner::State::scan_value(std::string_view value) {
  std::fill(resume_.begin(), resume_.end(), 0);
  folder_.start(value);
  while (folder_.next(window_)) {
    if (!scan_window()) return false;
    if (exhausted()) return true;
  }
  return true;
}

bool Scanner::State::scan_window() {
  const std::string_view ahead = window_.text.substr(window_.own_begin);
  work += ahead.size();
  words_known_ = false;
  near_distance_ = 0;
  features_ = classify::look_at(ahead);
  escapes_seen_ |= features_.escapes && classify::has_escape(ahead);
  if (features_.digits >= digits_min) scan_digits();
  if (features_.at) scan_emails();
  if (features_.assigns || features_.digits > 0) scan_assignments();
  const bool secrets = features_.longest >= token_min || features_.at ||
                       (features_.dash && ahead.find("-----BEGIN ") != std::string_view::npos);
  const std::array<bool, classify::pattern_groups> wanted = {features_.digits >= digits_min,
                                                             secrets, true};
  for (std::size_t group = 0; group < patterns_.size(); ++group) {
    if (!wanted[group] || patterns_[group].empty()) continue;
    if (!patterns_[group].scan(window_.text, window_.own_begin, window_.own_end, *this)) {
      return false;
    }
    work += patterns_[group].rescans() * ahead.size();
  }
  return true;
}

ByteRange Scanner::State::in_original(std::size_t begin, std::size_t end) const {
  return {window_.original_begin(begin), window_.original_end(end)};
}

void Scanner::State::scan_digits() {
  digit_matches_.clear();
  find_words();
  classify::ContextGroups words = window_groups_;
  words.insert(name_groups());
  digits_.scan(window_, words, digit_matches_);
  for (const classify::DigitMatch& match : digit_matches_) {
    const Rule& rule = rules.all[match.row];
    propose({match.row,
             match.begin,
             match.end,
             in_original(match.begin, match.end),
             {rule.p, false, match.grouped, match.irregular, match.needs_context}});
  }
}

void Scanner::State::scan_emails() {
  for (const std::size_t rule : email_rules_) {
    for (std::size_t at = window_.text.find('@', window_.own_begin); at < window_.own_end;
         at = window_.text.find('@', at + 1)) {
      const auto range = classify::find_email(window_.text, at);
      if (!range) continue;
      propose({rule,
               range->begin,
               range->end,
               in_original(range->begin, range->end),
               {rules.all[rule].p, false, true, false}});
    }
  }
}

void Scanner::State::scan_assignments() {
  find_words();
  for (const std::size_t rule : assignment_rules_) {
    for (const classify::ContextHit& hit : words_) {
      if (hit.group != rules.all[rule].context || hit.end <= window_.own_begin ||
          hit.end > window_.own_end) {
        continue;
      }
      const auto credential = classify::find_assigned(window_.text, hit.end);
      if (!credential) continue;
      const ByteRange range = credential->range;
      work += range.end - hit.end;
      ByteRange original = in_original(range.begin, range.end);
      if (range.end - range.begin == classify::credential_bytes_max) {
        const std::size_t judged =
            std::exchange(original.end, classify::assigned_end(window_.original, original.end));
        work += original.end - judged;
      }
      propose({rule,
               range.begin,
               range.end,
               original,
               {credential->strong ? rules.all[rule].p : 1.0, true, false, false}});
    }
  }
}

// {"password": "hunter2"}: the member's name says what the whole value is.
void Scanner::State::scan_key() {
  const std::string_view value = text_->value;
  if (text_->key.empty() || !classify::may_be_credential(value)) return;
  for (const std::size_t rule : assignment_rules_) {
    if (!name_groups().contains(rules.all[rule].context)) continue;
    const double p = classify::is_strong_credential(value) ? rules.all[rule].p : 1.0;
    const Place place{rule, 0, 0, {0, value.size()}, {p, true, false, false}};
    report(place, classify::earned_confidence(place.evidence));
  }
}

std::size_t Scanner::State::visit(const classify::PatternMatch& matched) {
  classify::PatternMatch match = matched;
  const Rule& rule = rules.all[match.rule];
  if (!rule.declared && window_.text[match.begin] == '_') ++match.begin;
  const std::size_t origin = window_.original_begin(match.begin);
  if (origin < resume_[match.rule]) return match.begin + 1;
  // A plain text is seen beyond its window: keys and tokens may be longer.
  const bool plain = window_.starts == nullptr;
  const std::string_view hay = plain ? window_.original : window_.text;
  const std::size_t shift = plain ? window_.base : 0;
  const classify::Reach reach =
      classify::reach_of(rule.extent, hay, match.begin + shift, match.end + shift);
  const std::size_t end = reach.end;
  work += std::max({end, reach.next, reach.seen, match.end + shift}) - match.begin - shift;
  if (end == 0) return std::min(reach.next - shift, window_.text.size());
  const std::string_view value = hay.substr(match.begin + shift, end - match.begin - shift);
  if (rule.valid != nullptr && !rule.valid(canonical(rule, value))) return match.begin + 1;

  ByteRange range{origin, plain ? end : window_.original_end(end)};
  if (rule.extent == classify::Extent::private_key) {
    const std::size_t header = range.end;
    range.end = classify::private_key_end(window_.original, header);
    work += range.end - header;
  } else if (!plain && end == hay.size()) {
    range.end = classify::continued_end(rule.extent, window_.original, range.end);
  }
  resume_[match.rule] = range.end;
  const std::size_t end_here = std::min(end - shift, window_.text.size());
  propose({match.rule, match.begin, end_here, range, {rule.p, false, rule.grouped, false}});
  return end_here;
}

void Scanner::State::propose(Place place) {
  const Rule& rule = rules.all[place.rule];
  const bool asks =
      rule.context != classify::no_context && !place.evidence.context &&
      (rule.needs_context || classify::earned_confidence(place.evidence) != Confidence::high);
  if (asks) place.evidence.context = has_context(rule, place);
  if ((rule.needs_context || place.evidence.needs_context) && !place.evidence.context) return;
  report(place, rule.declared ? rule.confidence : classify::earned_confidence(place.evidence));
}

void Scanner::State::report(const Place& place, Confidence confidence) {
  if (confidence < rules.minimum) return;
  const Rule& rule = rules.all[place.rule];
  const ByteRange range =
      unescaped_ == nullptr ? place.original : unescaped_->in_original(place.original);
  const Finding finding{rule.type,
                        rule.data_class,
                        confidence,
                        index_,
                        static_cast<std::uint32_t>(range.begin),
                        static_cast<std::uint32_t>(range.end)};
  found.push_back({finding, place.evidence.p <= checked_p_max});
  ++found_total;
}

bool Scanner::State::wants(std::size_t rule) {
  if (!rules.all[rule].needs_context) return true;
  find_words();
  const ContextGroup group = rules.all[rule].context;
  return window_groups_.contains(group) || name_groups().contains(group);
}

bool Scanner::State::has_context(const Rule& rule, const Place& place) {
  if (name_groups().contains(rule.context)) return true;
  find_words();
  return window_groups_.contains(rule.context) &&
         words_near(place.begin, place.end, rule.distance).contains(rule.context);
}

const classify::ContextGroups& Scanner::State::words_near(std::size_t begin, std::size_t end,
                                                          std::size_t distance) {
  if (near_begin_ == begin && near_end_ == end && near_distance_ == distance) return near_;
  near_begin_ = begin;
  near_end_ = end;
  near_distance_ = distance;
  near_.clear();
  const std::size_t from = begin - std::min(begin, distance);
  const std::size_t to = end + distance;
  auto hit = std::lower_bound(words_.begin(), words_.end(), from,
                              [](const auto& word, std::size_t at) { return word.end < at; });
  for (; hit != words_.end() && hit->end <= to + rules.context.longest(); ++hit) {
    if (hit->begin <= to) near_.insert(hit->group);
    ++work;
  }
  return near_;
}

void Scanner::State::find_words() {
  if (words_known_) return;
  words_known_ = true;
  words_.clear();
  window_groups_.clear();
  rules.context.find(window_.text, words_);
  for (const classify::ContextHit& hit : words_) window_groups_.insert(hit.group);
}

const classify::ContextGroups& Scanner::State::name_groups() {
  if (name_groups_known_) return name_groups_;
  name_groups_known_ = true;
  name_groups_.clear();
  name_words_.clear();
  for (const std::string_view name : {text_->key, std::string_view(text_->pointer)}) {
    const std::string plain = classify::unescape_all(name.substr(0, name_bytes_max));
    rules.context.find(classify::words_of(plain), name_words_);
  }
  for (const classify::ContextHit& hit : name_words_) name_groups_.insert(hit.group);
  return name_groups_;
}

}  // namespace portcullis
