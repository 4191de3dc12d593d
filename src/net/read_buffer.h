// Bytes that were read from a Transport and not yet used. Confined to one connection.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "net/asio.h"

namespace portcullis {

class ReadBuffer {
 public:
  std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(std::size_t bytes) {
    begin_ += bytes;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least one more byte; what is unread stays.
  asio::mutable_buffer room() {
    if (end_ == size_ && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == size_) grow();
    return {data_.get() + end_, size_ - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }

 private:
  static constexpr std::size_t initial = 8192;

  void grow() {
    const std::size_t larger = size_ == 0 ? initial : size_ * 2;
    auto fresh = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ > 0) std::memcpy(fresh.get(), data_.get(), end_);
    data_ = std::move(fresh);
    size_ = larger;
  }

  std::unique_ptr<char[]> data_;  // not zeroed: it is written before it is read
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace portcullis
