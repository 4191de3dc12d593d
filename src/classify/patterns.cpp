#include "classify/patterns.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <optional>

#include "classify/rules.h"

namespace portcullis::classify {
namespace {

constexpr std::int64_t automaton_bytes_max = 48 << 20;

RE2::Options options() {
  RE2::Options result;
  result.set_log_errors(false);
  result.set_max_mem(automaton_bytes_max);
  result.set_encoding(RE2::Options::EncodingLatin1);  // folded text: identifiers are ASCII
  return result;
}

std::string at_offset(std::string_view what, std::size_t offset) {
  return std::string(what) + " at offset " + std::to_string(offset);
}

}  // namespace

struct PatternFinder::Engine {
  RE2::Set set{options(), RE2::UNANCHORED};
  std::vector<std::unique_ptr<RE2>> patterns;
};

PatternFinder::PatternFinder() : engine_(std::make_unique<Engine>()) {}
PatternFinder::~PatternFinder() = default;
PatternFinder::PatternFinder(PatternFinder&&) noexcept = default;
PatternFinder& PatternFinder::operator=(PatternFinder&&) noexcept = default;

std::string PatternFinder::add(std::size_t rule, const std::string& pattern) {
  auto compiled = std::make_unique<RE2>(pattern, options());
  if (!compiled->ok()) {
    const std::size_t offset = pattern.find(compiled->error_arg());
    return at_offset(compiled->error(), offset == std::string::npos ? 0 : offset);
  }
  if (compiled->ProgramSize() > program_size_max) return "the pattern is too large";
  if (RE2::FullMatch("", *compiled)) return "the pattern matches the empty string";
  std::string error;
  if (engine_->set.Add(pattern, &error) < 0) return error;
  engine_->patterns.push_back(std::move(compiled));
  rules_.push_back(rule);
  return {};
}

bool PatternFinder::compile() { return engine_->set.Compile(); }

bool PatternFinder::scan(std::string_view text, std::size_t begin, std::size_t end,
                         PatternVisitor& visitor) {
  RE2::Set::ErrorInfo error{RE2::Set::kNoError};
  hits_.clear();
  rescans_ = 0;
  const std::string_view part = text.substr(begin);
  if (!engine_->set.Match(re2::StringPiece(part.data(), part.size()), &hits_, &error)) {
    return error.kind == RE2::Set::kNoError;
  }
  std::sort(hits_.begin(), hits_.end());
  const re2::StringPiece whole(text.data(), text.size());
  for (const int hit : hits_) {
    const auto index = static_cast<std::size_t>(hit);
    if (!visitor.wants(rules_[index])) continue;
    ++rescans_;
    const RE2& pattern = *engine_->patterns[index];
    re2::StringPiece match;
    for (std::size_t at = begin;
         at < end && pattern.Match(whole, at, text.size(), RE2::UNANCHORED, &match, 1);) {
      const auto found = static_cast<std::size_t>(match.data() - text.data());
      if (found >= end) break;
      at = std::max(found + 1, visitor.visit({rules_[index], found, found + match.size()}));
    }
  }
  return true;
}

std::string refuse_syntax(std::string_view pattern) {
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
      if (!in_class && (next == 'A' || next == 'z' || next == 'Q' || next == 'C')) {
        return at_offset("\\A, \\z, \\Q and \\C are not supported", i);
      }
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (c == '^' || c == '$') {
      return at_offset("anchors are not supported: a value may stand anywhere", i);
    } else if (c == '*' || c == '+') {
      return at_offset("unbounded repeat, write {0,n} or {1,n}", i);
    } else if (c == '{') {
      const std::size_t close = pattern.find('}', i);
      if (close != std::string_view::npos && pattern[close - 1] == ',') {
        return at_offset("unbounded repeat, write {m,n}", i);
      }
    }
  }
  return {};
}

}  // namespace portcullis::classify
