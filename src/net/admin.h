// The operators' endpoint: GET /livez, /readyz, /metrics (Prometheus text format). Never on the
// callers' port.
//
// Runs on the housekeeping io_context. `is_ready` is asked for each /readyz and returns what is
// amiss, or an empty string.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "net/anchor_keeper.h"
#include "net/listener.h"
#include "net/worker.h"

namespace portcullis {

struct AdminPages {
  std::function<std::string()> amiss;  // why not ready; empty: ready
  std::function<std::string()> metrics;
};

// Serves until the acceptor is closed. Everything must outlive the io_context's run.
Task<void> serve_admin(Tcp::acceptor& acceptor, const AdminPages& pages,
                       const LimitsSection& limits);

std::string render_metrics(const Metrics& metrics);
std::string render_anchor_metrics(std::span<const AnchorStatus> anchors);

}  // namespace portcullis
