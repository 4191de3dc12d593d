#include "audit/support.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include "audit/input.h"
#include "base/encoding.h"

namespace portcullis::audit {

TemporaryDirectory::TemporaryDirectory() {
  // Faults and power cuts are simulated: a file system in memory only makes the tests faster.
  const std::string memory = "/dev/shm";
  const std::string base = ::access(memory.c_str(), W_OK) == 0
                               ? memory
                               : std::filesystem::temp_directory_path().string();
  std::string pattern = base + "/portcullis-audit-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}
TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  ::chmod(path.c_str(), 0600);
}

void copy_directory(const std::string& from, const std::string& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

std::string compressed(const std::string& text) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size());
  if (ZSTD_isError(size) != 0) std::abort();
  out.resize(size);
  return out;
}

std::vector<std::string> segment_paths(const std::string& directory) {
  std::vector<std::string> paths;
  const auto segments = list_segments(directory);
  if (!segments) return paths;
  for (const SegmentName& segment : *segments) paths.push_back(directory + '/' + segment.name);
  return paths;
}

Site::Site() {
  std::filesystem::create_directory(log_directory());
  const SigningKey key = SigningKey::generate();
  write_text(path("signing.pem"), key.to_pem());
  write_text(path("signing.pub"), *public_key_pem(key.public_key()));
  write_text(path("evidence.key"), std::string(64, 'e') + '\n');
  options.directory = log_directory();
  options.signing_key_file = path("signing.pem");
  options.escrow_public_key_file = PORTCULLIS_TESTDATA "/audit/escrow.pub";
  options.evidence_key_file = path("evidence.key");
  options.reserve_bytes_min = 0;
  options.allow_filesystem = {"tmpfs", "overlay"};
}

std::string Site::stream_key_file() {
  const std::string file = path("k0.hex");
  if (std::filesystem::exists(file)) return file;
  const std::string text = read_text(log_directory() + "/key");
  write_text(file, text.substr(text.size() - 65));
  return file;
}

Result<std::unique_ptr<AuditLog>> Site::open() { return open_with(real_file_system()); }

Result<std::unique_ptr<AuditLog>> Site::open_with(FileSystem& files) {
  return AuditLog::open(options, [this](const Error& error) { failures.push_back(error.message); },
                        {files, clock});
}

std::unique_ptr<AuditLog> Site::must_open() {
  auto log = open();
  if (!log) {
    ADD_FAILURE() << log.error().message;
    std::abort();
  }
  return *std::move(log);
}

VerifyReport Site::verify(const std::string& directory) {
  VerifyOptions verify_options;
  verify_options.directories = {directory};
  verify_options.public_key_file = path("signing.pub");
  if (std::filesystem::exists(path("k0.hex"))) verify_options.key_file = path("k0.hex");
  verify_options.receipts = receipts;
  return verify_log(verify_options);
}

Draft decision(Effect effect, const std::string& note) {
  DecisionDraft draft;
  draft.id = "01999999-0000-7000-8000-000000000001";
  draft.input = "{\"note\":\"" + note + "\"}";
  draft.policy_name = "test";
  draft.decision.effect = effect;
  draft.decision.reason = effect == Effect::allow ? Reason::none : Reason::not_permitted;
  draft.evidence = "{}";
  return make_draft(draft);
}

Draft outcome(const std::string& id) {
  return Draft(RecordType::outcome, "\"id\":\"" + id + "\",\"status\":200");
}

Draft change(const std::string& note) {
  return Draft(RecordType::change, "\"note\":\"" + note + '"');
}

std::vector<Committed> submit_all(AuditLog& log, std::vector<Draft> drafts) {
  std::mutex mutex;
  std::condition_variable woken;
  bool ready = false;
  const auto queue = log.make_queue([&] {
    const std::lock_guard lock(mutex);
    ready = true;
    woken.notify_one();
  });
  std::uint64_t ticket = 0;
  for (Draft& draft : drafts) queue->submit(std::move(draft), ticket++);
  std::vector<Committed> answers;
  while (answers.size() < drafts.size()) {
    std::unique_lock lock(mutex);
    woken.wait(lock, [&] { return ready; });
    ready = false;
    lock.unlock();
    for (Committed& answer : queue->take()) answers.push_back(std::move(answer));
  }
  std::sort(answers.begin(), answers.end(),
            [](const Committed& a, const Committed& b) { return a.ticket < b.ticket; });
  return answers;
}

std::string problems(const VerifyReport& report) {
  std::string out = "exit " + std::to_string(static_cast<int>(report.exit)) + '\n';
  for (const Fault& fault : report.faults) out += fault.text() + '\n';
  return out;
}

}  // namespace portcullis::audit
