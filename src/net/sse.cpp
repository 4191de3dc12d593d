#include "net/sse.h"

#include <algorithm>

namespace portcullis {
namespace {

// The length of the line break at the start of `text`: CRLF, LF or CR; 0 if there is none. A CR at
// the very end may be half of a CRLF: not yet decided, so 0.
std::size_t line_break(std::string_view text) {
  if (text.starts_with("\r\n")) return 2;
  if (text.starts_with('\n')) return 1;
  return text.starts_with('\r') && text.size() > 1 ? 1 : 0;
}

}  // namespace

std::optional<std::string> SseSplitter::next() {
  const std::string_view all(buffer_);
  std::size_t at = std::max(begin_, searched_);
  while ((at = all.find_first_of("\r\n", at)) != all.npos) {
    const std::size_t first = line_break(all.substr(at));
    const std::size_t second = first == 0 ? 0 : line_break(all.substr(at + first));
    if (second > 0) {
      const std::size_t end = at + first + second;
      std::string event = buffer_.substr(begin_, end - begin_);
      begin_ = searched_ = end;
      return event;
    }
    if (first == 0 || at + first >= all.size() || all[at + first] == '\r') break;  // undecided yet
    at += first;
  }
  searched_ = at == all.npos ? all.size() : at;
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  return std::nullopt;
}

bool SseSplitter::is_within_event() const {
  char before = '\n';
  bool in_comment = false;
  for (const char c : std::string_view(buffer_).substr(begin_)) {
    const bool starts_line = before == '\n' || before == '\r';
    const bool is_break = c == '\n' || c == '\r';
    if (starts_line) in_comment = c == ':';
    if (!is_break && !in_comment) return true;
    before = c;
  }
  return false;
}

std::string sse_data(std::string_view event) {
  std::string data;
  bool any = false;
  while (!event.empty()) {
    const std::size_t end = std::min(event.find_first_of("\r\n"), event.size());
    std::string_view line = event.substr(0, end);
    event.remove_prefix(std::min(end + 1, event.size()));
    constexpr std::string_view field = "data:";
    if (!line.starts_with(field)) continue;
    line.remove_prefix(field.size());
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (any) data += '\n';
    data += line;
    any = true;
  }
  return data;
}

}  // namespace portcullis
