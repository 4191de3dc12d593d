// Splits a server-sent event stream into whole events, wherever the network cut it.
//
// Standard: WHATWG HTML, "Server-sent events". Confined to one exchange. Bounded by its caller, who
// looks at pending().
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

class SseSplitter {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole event, with the blank line that ends it, as received; nullopt if it is not there
  // yet.
  std::optional<std::string> next();
  // Bytes of an event that has not ended.
  std::size_t pending() const { return buffer_.size() - begin_; }
  // Whether they are a part of an event: more than line breaks and comments.
  bool is_within_event() const;

 private:
  std::string buffer_;
  std::size_t begin_ = 0;     // of the current event
  std::size_t searched_ = 0;  // no end of it lies before here
};

// The data of one event: its data lines joined by line feeds; empty if it has none.
std::string sse_data(std::string_view event);

}  // namespace portcullis
