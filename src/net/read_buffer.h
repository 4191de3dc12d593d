// Bytes that were read from a Transport and not yet used. Confined to one connection.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "net/asio.h"

namespace portcullis {

class ReadBuffer {
 public:
  std::string_view unread() const { return {data_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least one more byte; what is unread stays.
  asio::mutable_buffer room() {
    if (end_ == data_.size() && begin_ > 0) {
      std::memmove(data_.data(), data_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == data_.size()) data_.resize(data_.empty() ? initial : data_.size() * 2);
    return {data_.data() + end_, data_.size() - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }

 private:
  static constexpr std::size_t initial = 16384;
  std::vector<char> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace portcullis
