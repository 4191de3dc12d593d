// Verifying a log that the real writer wrote: decisions of 1 KiB, with macs and signatures.
//
// records/s is by the clock, per_core by the processor time of all threads.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "audit/escrow.h"
#include "audit/input.h"
#include "portcullis/audit.h"
#include "portcullis/verify.h"

namespace portcullis {
namespace {

constexpr std::uint64_t records_wanted = 300'000;
constexpr std::size_t record_bytes = 1024;
constexpr std::size_t head_bytes = 560;  // what the log adds to a decision's own members

void require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "verify_bench: %s\n", what);
  std::exit(1);
}

void write_secret(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::permissions(path, std::filesystem::perms(0600));
}

// A log with its keys in a directory of its own, which goes with it.
class Log {
 public:
  Log() {
    std::string pattern =
        (::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + std::string("/verify-XXXXXX");
    require(mkdtemp(pattern.data()) != nullptr, "no temporary directory");
    home_ = pattern;
    std::filesystem::create_directory(home_ + "/log");
    make_keys();
    fill();
  }
  ~Log() { std::filesystem::remove_all(home_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  VerifyOptions options() const {
    VerifyOptions options;
    options.directories = {home_ + "/log"};
    options.public_key_file = home_ + "/signing.pub";
    options.escrow_key_file = home_ + "/escrow.pem";
    return options;
  }

 private:
  void make_keys() const {
    const SigningKey signing = SigningKey::generate();
    const auto escrow = audit::EscrowPrivateKey::generate();
    require(escrow.has_value(), "no escrow key");
    write_secret(home_ + "/signing.pem", signing.to_pem());
    write_secret(home_ + "/signing.pub", *audit::public_key_pem(signing.public_key()));
    write_secret(home_ + "/escrow.pem", *escrow->private_pem());
    write_secret(home_ + "/escrow.pub", *escrow->public_pem());
    write_secret(home_ + "/evidence.key", std::string(64, 'e'));
  }

  static Draft decision(std::uint64_t number) {
    DecisionDraft draft;
    char id[37];
    std::snprintf(id, sizeof id, "01999999-0000-7000-8000-%012llx",
                  static_cast<unsigned long long>(number));
    draft.id = id;
    draft.policy_name = "bench";
    draft.decision.effect = Effect::deny;
    draft.decision.reason = Reason::not_permitted;
    draft.evidence = R"({"findings":[],"coverage":{"parts":2,"bytes":300}})";
    draft.input = R"({"subject":{"kind":"person","id":"ada","groups":["staff","underwriting"]},)"
                  R"("request":{"action":"chat","path":"/v1/chat/completions"},"note":")";
    const std::size_t rest = draft.input.size() + draft.evidence.size() + head_bytes;
    draft.input += std::string(record_bytes - rest, 'x') + "\"}";
    return make_draft(draft);
  }

  void fill() const {
    AuditOptions options;
    options.directory = home_ + "/log";
    options.signing_key_file = home_ + "/signing.pem";
    options.escrow_public_key_file = home_ + "/escrow.pub";
    options.evidence_key_file = home_ + "/evidence.key";
    options.reserve_bytes_min = 0;
    options.segment_bytes_max = 16u << 20;
    options.allow_filesystem = {"tmpfs", "overlay"};
    auto log = AuditLog::open(options, [](const Error&) {});
    require(log.has_value(), "the log cannot be opened");
    const auto queue = (*log)->make_queue([] {});
    for (std::uint64_t i = 0; i < records_wanted;) {
      for (int batch = 0; batch < 512; ++batch) queue->submit_unawaited(decision(i++));
      require((*log)->commit(decision(i++)).has_value(), "a record cannot be written");
    }
    require((*log)->close().has_value(), "the log cannot be closed");
  }

  std::string home_;
};

void verify(benchmark::State& state) {
  static const Log log;
  VerifyOptions options = log.options();
  options.jobs = static_cast<unsigned>(state.range(0));
  std::uint64_t records = 0;
  for (auto _ : state) {
    const VerifyReport report = verify_log(options);
    require(report.exit == VerifyExit::unanchored, "the log does not verify");
    records += report.records;
  }
  const auto count = static_cast<double>(records);
  state.counters["records/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["bytes/record"] = static_cast<double>(record_bytes);
}
BENCHMARK(verify)->ArgName("jobs")->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(verify)->ArgName("jobs")->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(verify)
    ->Name("verify/processor_time")
    ->ArgName("jobs")
    ->Arg(2)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace portcullis
