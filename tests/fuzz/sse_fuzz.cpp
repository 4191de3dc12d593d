// Event streams: wherever the network cuts them, the same events, and no byte lost or added. The
// first byte chooses the length of the pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/sse.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Split {
  std::vector<std::string> events;
  std::size_t pending = 0;
};

Split split(std::string_view stream, std::size_t piece) {
  portcullis::SseSplitter splitter;
  Split out;
  while (!stream.empty()) {
    splitter.feed(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    while (auto event = splitter.next()) out.events.push_back(std::move(*event));
  }
  out.pending = splitter.pending();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Split whole = split(stream, stream.size() + 1);
  const Split cut = split(stream, 1 + data[0] % 16);
  require(whole.events == cut.events && whole.pending == cut.pending);
  std::string all;
  for (const std::string& event : whole.events) {
    require(event.size() >= 2);
    require(event.ends_with('\n') || event.ends_with('\r'));
    require(portcullis::sse_data(event).size() <= event.size());
    all += event;
  }
  require(whole.pending <= stream.size());
  require(all + std::string(stream.substr(stream.size() - whole.pending)) == stream);
  return 0;
}
