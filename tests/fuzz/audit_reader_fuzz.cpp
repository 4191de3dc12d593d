// Any bytes in the place of a segment: the reader, the follower and the verifier must name faults,
// never crash, and never call anything whole that does not begin with a record.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "audit/record.h"
#include "audit/strict_json.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace {

std::string scratch_directory() {
  const std::string base = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
  std::string pattern = base + "/portcullis-fuzz-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  return pattern;
}

struct Scratch {
  std::string path = scratch_directory();
  ~Scratch() { std::filesystem::remove_all(path); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = portcullis::audit::parse_record(text.substr(0, text.find('\n')));
  portcullis::audit::RecordFacts facts;
  if (record) portcullis::audit::check_strict_json(text.substr(0, text.find('\n')), facts);

  std::ofstream(scratch.path + "/00000000000000000000.jsonl", std::ios::binary) << text;
  portcullis::VerifyOptions options;
  options.directories = {scratch.path};
  const auto report = portcullis::verify_log(options);
  if (report.exit == portcullis::VerifyExit::unanchored && !record) std::abort();
  if (report.exit == portcullis::VerifyExit::whole) std::abort();
  return 0;
}
