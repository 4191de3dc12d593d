#include "audit/archivist.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <utility>

#include "audit/compress.h"
#include "audit/input.h"
#include "base/log.h"

namespace portcullis::audit {
namespace {

constexpr int lowest_priority = 19;

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Archivist::Archivist(Options options, FileSystem& files)
    : options_(std::move(options)), files_(files), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "pc-archive");
}

Archivist::~Archivist() {
  interrupt();
  if (thread_.joinable()) thread_.join();
}

void Archivist::sealed_before(std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  if (sealed_ >= seq) return;
  sealed_ = seq;
  changed_.notify_one();
}

void Archivist::finish(std::uint64_t size) {
  stop_compression_ = true;
  sealed_before(size);
  end();
  thread_.join();
}

bool Archivist::idle() {
  const std::lock_guard lock(mutex_);
  return done_ == sealed_;
}

void Archivist::interrupt() {
  stop_compression_ = true;
  stop_all_ = true;
  end();
}

void Archivist::end() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  changed_.notify_one();
}

void Archivist::run() {
  // Of this thread alone, which is what Linux makes of it.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest_priority);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || sealed_ > done_; });
    const bool last = ending_;
    const std::uint64_t sealed = sealed_;
    lock.unlock();
    look_after(sealed);
    lock.lock();
    done_ = sealed;
    if (last) return;
  }
}

void Archivist::look_after(std::uint64_t end) {
  const auto segments = list_segments(options_.directory);
  if (!segments) return log::warning("audit: " + segments.error().message);
  for (const SegmentName& segment : *segments) {
    if (stop_all_) return;
    if (segment.first_seq >= end || given_up_.contains(segment.first_seq)) continue;
    const auto done = look_after(segment);
    if (done) continue;
    given_up_.insert(segment.first_seq);
    log::warning("audit: " + done.error().message + "; " + segment.name + " stays as it is");
  }
}

Result<void> Archivist::look_after(const SegmentName& segment) {
  const bool wanted = options_.compression == Compression::zstd && !is_compressed(segment.name);
  if (!exists(options_.directory + '/' + sidecar_name(segment.first_seq))) {
    auto written = write_sidecar(files_, {options_.directory, segment, stop_all_});
    if (!written) return written;
    if (!wanted) drop_from_cache(options_.directory + '/' + segment.name);
  }
  if (!wanted || stop_compression_) return {};
  return compress_segment(files_, {options_.directory, segment, stop_compression_});
}

}  // namespace portcullis::audit
