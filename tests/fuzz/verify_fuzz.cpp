// Any bytes as the files of a stream's directory: the verifier must name faults, never crash, never
// hang, and never call whole what no key from outside vouches for.
//
// Input: one byte of choices, then files, separated by lines "====": segments in their order, the
// last file is `checkpoint`. With the lowest bit, leaves and prevs are made right, so that what
// stands behind them is reached; with the next, the last segment is a compressed one.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/input.h"
#include "audit/record.h"
#include "base/encoding.h"
#include "portcullis/verify.h"

namespace portcullis {
namespace {

constexpr std::string_view separator = "\n====\n";
constexpr std::size_t files_max = 5;

class Scratch {
 public:
  Scratch() {
    path_ = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") +
            std::string("/portcullis-fuzz-XXXXXX");
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    std::ofstream(path_ + "/k0") << std::string(64, '4') << '\n';
    std::filesystem::permissions(path_ + "/k0", std::filesystem::perms(0600));
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::string key() const { return path_ + "/k0"; }
  std::string stream() const { return path_ + "/stream"; }

 private:
  std::string path_;
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> files;
  while (files.size() + 1 < files_max) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    files.emplace_back(text.substr(0, at + 1));
    text.remove_prefix(at + separator.size());
  }
  files.emplace_back(text);
  return files;
}

// Puts the leaf before into `prev`, and the line's own leaf into its end.
void repair(std::string& line, Digest& prev) {
  constexpr std::string_view name = "\"prev\":\"";
  const std::size_t at = line.find(name);
  if (at != std::string::npos && at + name.size() + 64 < line.size()) {
    line.replace(at + name.size(), 64, hex(prev));
  }
  const auto record = audit::parse_record(line);
  if (!record) return;
  prev = audit::leaf_hash(sha256(record->body), record->mac);
  std::string repaired(record->body);
  audit::append_suffix(repaired, prev, record->mac);
  repaired.pop_back();
  line = repaired;
}

std::string repaired(const std::string& text, Digest& prev) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t feed = text.find('\n', at);
    std::string line = text.substr(at, feed - at);
    repair(line, prev);
    out += line;
    if (feed == std::string::npos) break;
    out += '\n';
    at = feed + 1;
  }
  return out;
}

std::uint64_t first_seq(const std::string& text, std::uint64_t otherwise) {
  const auto record = audit::parse_record(text.substr(0, text.find('\n')));
  return record ? record->head.seq : otherwise;
}

void write_stream(const std::string& directory, std::uint8_t choices, std::string_view text) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directory(directory);
  std::vector<std::string> files = split(text);
  if (files.size() > 1) {
    std::ofstream(directory + "/checkpoint", std::ios::binary) << files.back();
    files.pop_back();
  }
  Digest prev{};
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool compressed = (choices & 2) != 0 && i + 1 == files.size();
    const std::string content =
        (choices & 1) != 0 && !compressed ? repaired(files[i], prev) : files[i];
    const std::uint64_t seq = first_seq(content, i * 10);
    const std::string name =
        compressed ? audit::compressed_segment_name(seq) : audit::segment_name(seq);
    std::ofstream(directory + '/' + name, std::ios::binary) << content;
    // So that it does not pass for a file that is being written just now.
    std::filesystem::last_write_time(
        directory + '/' + name,
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
}

int verify_files(const std::uint8_t* data, std::size_t size) {
  static const Scratch scratch;
  if (size == 0) return 0;
  write_stream(scratch.stream(), data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
  VerifyOptions options;
  options.directories = {scratch.stream()};
  options.jobs = 1;
  if ((data[0] & 4) != 0) options.key_file = scratch.key();
  if ((data[0] & 8) != 0) options.from = "2026-01-01T00:00:00Z";
  const VerifyReport report = verify_log(options);
  if (report.exit == VerifyExit::whole || report.exit == VerifyExit::usage) std::abort();
  if (report.exit == VerifyExit::unanchored && report.records == 0) std::abort();
  if (report.faults.size() > report.fault_count) std::abort();
  return 0;
}

}  // namespace
}  // namespace portcullis

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return portcullis::verify_files(data, size);
}
