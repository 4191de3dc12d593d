// Room for the bytes that a Content owns besides its body: unescaped values and joined texts.
//
// One exchange, one thread. Views stay valid as long as the deque lives, also when it is moved.
// What lies behind a value is a NUL and at least 64 readable bytes, as simdjson wants it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>

namespace portcullis {

class Arena {
 public:
  explicit Arena(std::deque<std::string>& chunks) : chunks_(chunks) {}

  // Room for `size` bytes; keep() says how many of them are used.
  char* room(std::size_t size) {
    if (chunks_.empty() || chunks_.back().size() - used_ < size + tail) {
      chunks_.emplace_back(std::max(size, chunk_bytes) + tail, '\0');
      used_ = 0;
    }
    return chunks_.back().data() + used_;
  }
  // `size` is at most what the last room() was asked for.
  std::string_view keep(std::size_t size) {
    char* const begin = chunks_.back().data() + used_;
    begin[size] = '\0';
    used_ += size + 1;
    return {begin, size};
  }
  std::string_view copy(std::string_view text) {
    char* const begin = room(text.size());
    std::memcpy(begin, text.data(), text.size());
    return keep(text.size());
  }

 private:
  static constexpr std::size_t chunk_bytes = 4096;
  static constexpr std::size_t tail = 65;
  std::deque<std::string>& chunks_;
  std::size_t used_ = 0;
};

}  // namespace portcullis
