#include "classify/context.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "classify/checksums.h"

namespace portcullis::classify {
namespace {

constexpr std::uint8_t separator = 36;
constexpr std::uint8_t other = 37;

constexpr std::array<std::uint8_t, 256> make_symbols() {
  std::array<std::uint8_t, 256> table{};
  for (auto& symbol : table) symbol = other;
  for (std::size_t i = 0; i < 26; ++i) {
    table['a' + i] = table['A' + i] = static_cast<std::uint8_t>(i);
  }
  for (std::size_t i = 0; i < 10; ++i) table['0' + i] = static_cast<std::uint8_t>(26 + i);
  for (const char c : std::string_view(" \t\r\n_-./")) {
    table[static_cast<std::uint8_t>(c)] = separator;
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> symbol_table = make_symbols();

std::uint8_t symbol(char c) { return symbol_table[static_cast<std::uint8_t>(c)]; }

bool at_boundary(std::string_view text, std::size_t begin, std::size_t end) {
  if (begin > 0 && is_alnum(text[begin - 1])) {
    const bool hump = is_upper(text[begin]) && !is_upper(text[begin - 1]);
    if (!hump) return false;
  }
  if (end < text.size() && (text[end] == 's' || text[end] == 'S')) ++end;
  return end >= text.size() || !is_alpha(text[end]);
}

}  // namespace

bool ContextWords::fits(const std::vector<ContextWord>& words) {
  std::size_t bytes = 1;
  for (const ContextWord& word : words) {
    bytes += word.word.size();
    if (word.group >= ContextGroups::groups_max) return false;
  }
  return bytes < states_max;
}

ContextWords::ContextWords(const std::vector<ContextWord>& words) : next_(symbols), nodes_(1) {
  if (!fits(words)) std::abort();
  std::vector<std::pair<State, End>> ends;
  for (const ContextWord& word : words) {
    ends.push_back({insert(word.word), {static_cast<std::uint16_t>(word.word.size()), word.group}});
    longest_ = std::max(longest_, word.word.size());
  }
  std::stable_sort(ends.begin(), ends.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [state, end] : ends) {
    Node& node = nodes_[state];
    if (node.count++ == 0) node.first = static_cast<std::uint32_t>(ends_.size());
    ends_.push_back(end);
  }
  link();
}

ContextWords::State ContextWords::insert(std::string_view word) {
  State state = 0;
  for (const char c : word) {
    const std::size_t edge = state * symbols + symbol(c);
    if (next_[edge] == 0) {
      next_[edge] = static_cast<State>(nodes_.size());
      nodes_.emplace_back();
      next_.resize(next_.size() + symbols);
    }
    state = next_[edge];
  }
  return state;
}

// Breadth first: completes the trie to an automaton without failure steps at run time.
void ContextWords::link() {
  std::vector<State> queue;
  for (std::size_t s = 0; s < symbols; ++s) {
    if (next_[s] != 0) queue.push_back(next_[s]);
  }
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const State state = queue[at];
    for (std::size_t s = 0; s < symbols; ++s) {
      State& child = next_[state * symbols + s];
      const State fallback = next_[nodes_[state].fail * symbols + s];
      if (child == 0) {
        child = fallback;
        continue;
      }
      Node& node = nodes_[child];
      node.fail = fallback;
      node.output = nodes_[fallback].count > 0 ? fallback : nodes_[fallback].output;
      queue.push_back(child);
    }
  }
}

void ContextWords::report(std::string_view text, std::size_t end, State state,
                          std::vector<ContextHit>& hits) const {
  for (; state != 0; state = nodes_[state].output) {
    const Node& node = nodes_[state];
    for (std::uint32_t i = node.first; i < node.first + node.count; ++i) {
      const std::size_t begin = end - ends_[i].size;
      if (!at_boundary(text, begin, end)) continue;
      hits.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), ends_[i].group});
    }
  }
}

void ContextWords::find(std::string_view text, std::vector<ContextHit>& hits) const {
  State state = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    state = next_[state * symbols + symbol(text[i])];
    const Node& node = nodes_[state];
    if (node.count > 0 || node.output != 0) report(text, i + 1, state, hits);
  }
}

std::string words_of(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool hump = i > 0 && is_upper(name[i]) && !is_upper(name[i - 1]) && is_alpha(name[i - 1]);
    if (hump) out.push_back(' ');
    out.push_back(name[i]);
  }
  return out;
}

}  // namespace portcullis::classify
