// The daemon: log, workers, listeners, housekeeping, signals, from start to drained end.
//
// start() opens the audit log and binds; run() blocks until SIGTERM or SIGINT (drain, then return)
// or until the log is poisoned (deny everything for the drain deadline, then exit code 70). SIGHUP
// reloads policy, detectors, directory and key files; a bad reload keeps what was there. Everything
// is validated before a port opens.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "config/config.h"
#include "portcullis/result.h"

namespace portcullis {

class Server {
 public:
  // All errors at once, each "file:line:column: ..." where there is a place.
  static tl::expected<std::unique_ptr<Server>, ConfigErrors> start(
      std::shared_ptr<const Config> config);
  ~Server();

  std::uint16_t port() const;        // where callers connect
  std::uint16_t admin_port() const;  // 0: none
  int run();                         // the process's exit code
  void stop();                       // from any thread: as SIGTERM

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace portcullis
