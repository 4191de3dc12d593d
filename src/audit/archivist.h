// Looks after sealed segments in the background: sidecars, and compression if that is wanted.
//
// One thread of the lowest priority, which takes nothing from the commits but what they leave. What
// goes wrong is a warning: the segment stays as it is until the next start. Safe from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "audit/file.h"
#include "audit/sidecar.h"

namespace portcullis::audit {

enum class Compression : std::uint8_t { none, zstd };

class Archivist {
 public:
  struct Options {
    std::string directory;
    Compression compression = Compression::none;
  };
  Archivist(Options options, FileSystem& files);
  ~Archivist();  // interrupt(), and waits
  Archivist(const Archivist&) = delete;
  Archivist& operator=(const Archivist&) = delete;

  // All segments that begin before `seq` are sealed and durable.
  void sealed_before(std::uint64_t seq);
  // The log is closed: makes what sidecars are missing, compresses no more, and ends. Waits.
  void finish(std::uint64_t size);
  // Whether all that was said to be sealed was looked after.
  bool idle();
  // Ends as soon as possible; does not wait for it.
  void interrupt();

 private:
  void run();
  void look_after(std::uint64_t end);
  Result<void> look_after(const SegmentName& segment);
  void end();  // once nothing is left to do

  const Options options_;
  FileSystem& files_;
  std::set<std::uint64_t> given_up_;  // the thread's
  std::atomic<bool> stop_compression_{false};
  std::atomic<bool> stop_all_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t sealed_ = 0;  // guarded by mutex_
  std::uint64_t done_ = 0;    // guarded by mutex_
  bool ending_ = false;       // guarded by mutex_
  std::thread thread_;
};

}  // namespace portcullis::audit
