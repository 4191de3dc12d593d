// Threads for judging large bodies, so that an I/O worker never stalls on one.
//
// Thread-safety: submit() from any thread. Bounded: past `waiting_max` jobs, submit() refuses. Each
// thread has its own Scanner.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "portcullis/classify.h"

namespace portcullis {

class ComputePool {
 public:
  struct Size {
    std::size_t threads = 1;
    std::size_t waiting_max = 32;
  };
  explicit ComputePool(Size size);
  ~ComputePool();  // finishes what runs, drops what waits

  using Job = std::function<void(Scanner&)>;
  // False: too many are waiting.
  bool submit(std::shared_ptr<const Classifier> classifier, Job job);

 private:
  Size size_;
  std::atomic<std::size_t> waiting_{0};
  boost::asio::thread_pool pool_;
};

}  // namespace portcullis
