// The exchanges that `portcullis demo` shows, as data: what is sent, and what must come back.
#pragma once

#include <string>
#include <vector>

#include "cli/demo_site.h"

namespace portcullis::cli {

struct DemoStep {
  std::string title;
  DemoToken token;  // who asks
  bool with_token = true;
  std::string body;            // of POST /v1/chat/completions
  unsigned status = 200;       // that must come
  std::string code;            // of the error that must come; empty: none
  bool show_received = false;  // the bytes that reached the model
};

std::vector<DemoStep> demo_steps();

}  // namespace portcullis::cli
