// Candidates by RE2: one Set says which patterns occur in a window, then only those are run on it.
//
// Thread-safety: confined to one thread (RE2's automata are built lazily under a lock).
// Errors: scan() is false when an engine gives anything but a clean answer, e.g. RE2::Set ran out
// of memory, which it reports like "no match".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace portcullis::classify {

struct PatternMatch {
  std::size_t rule = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Asked about each match; says where in the window to go on: at least begin + 1.
class PatternVisitor {
 public:
  virtual ~PatternVisitor() = default;
  virtual std::size_t visit(const PatternMatch& match) = 0;
  // Whether matches of this rule could matter in this window at all.
  virtual bool wants(std::size_t rule) = 0;
};

class PatternFinder {
 public:
  PatternFinder();
  ~PatternFinder();
  PatternFinder(PatternFinder&&) noexcept;
  PatternFinder& operator=(PatternFinder&&) noexcept;

  // `rule` is the caller's number for this pattern. The error is RE2's, empty if there is none.
  std::string add(std::size_t rule, const std::string& pattern);
  // After the last add(). False if the automaton cannot be built.
  bool compile();
  bool empty() const { return rules_.empty(); }

  // Visits matches of each pattern that start in [begin, end) of `text`. False on engine failure.
  bool scan(std::string_view text, std::size_t begin, std::size_t end, PatternVisitor& visitor);
  // How many patterns the last scan() had to run by themselves.
  std::size_t rescans() const { return rescans_; }

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
  std::vector<std::size_t> rules_;
  std::vector<int> hits_;
  std::size_t rescans_ = 0;
};

// Problems that RE2 itself does not refuse: anchors and unbounded repeats. Empty if there is none;
// else the message names the offset.
std::string refuse_syntax(std::string_view pattern);

}  // namespace portcullis::classify
