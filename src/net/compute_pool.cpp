#include "net/compute_pool.h"

#include <boost/asio/post.hpp>

namespace portcullis {
namespace {

struct ThreadScanner {
  std::shared_ptr<const Classifier> classifier;
  std::unique_ptr<Scanner> scanner;
};

Scanner& scanner_of_this_thread(const std::shared_ptr<const Classifier>& classifier) {
  thread_local ThreadScanner own;
  if (own.classifier != classifier) {
    own.scanner = std::make_unique<Scanner>(classifier);
    own.classifier = classifier;
  }
  return *own.scanner;
}

}  // namespace

ComputePool::ComputePool(Size size) : size_(size), pool_(size.threads) {}

ComputePool::~ComputePool() {
  pool_.stop();
  pool_.join();
}

bool ComputePool::submit(std::shared_ptr<const Classifier> classifier, Job job) {
  if (waiting_.fetch_add(1) >= size_.waiting_max) {
    waiting_.fetch_sub(1);
    return false;
  }
  boost::asio::post(pool_, [this, classifier = std::move(classifier), job = std::move(job)] {
    job(scanner_of_this_thread(classifier));
    waiting_.fetch_sub(1);
  });
  return true;
}

}  // namespace portcullis
