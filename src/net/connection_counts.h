// How many connections are open, together and by source network.
//
// Confined to one worker. Lifetimes: the counts must outlive their places. Bounded by the number of
// open connections.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace portcullis {

class ConnectionCounts {
 public:
  std::size_t all() const { return all_; }
  std::size_t of(const std::string& network) const {
    const auto found = by_network_.find(network);
    return found == by_network_.end() ? 0 : found->second;
  }

  // Counts one connection while it lives.
  class Place {
   public:
    Place(ConnectionCounts& counts, std::string network)
        : counts_(counts), network_(std::move(network)) {
      ++counts_.by_network_[network_];
      ++counts_.all_;
    }
    ~Place() {
      --counts_.all_;
      const auto found = counts_.by_network_.find(network_);
      if (--found->second == 0) counts_.by_network_.erase(found);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    ConnectionCounts& counts_;
    const std::string network_;
  };

 private:
  std::size_t all_ = 0;
  std::unordered_map<std::string, std::size_t> by_network_;
};

}  // namespace portcullis
