// Bytes per second through the whole detector table, by what the text holds.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "portcullis/classify.h"

namespace portcullis {
namespace {

constexpr std::string_view prose =
    "The tenant may end the agreement with three months' notice to the end of a quarter. Ask the "
    "landlord for a confirmation in writing, and keep it with the other papers. ";
constexpr std::string_view people =
    "Maria Kowalska, maria.kowalska@example.com, phone +48 601 234 567, card 4111 1111 1111 1111, "
    "IBAN DE89 3704 0044 0532 0130 00, SSN 536-90-4399. ";
constexpr std::string_view numbers =
    "2026-11-22 15:44:01 4921 883.25 10.0.0.17 7f3a9c 000123 44.0211 -93.1123 5512 8841 0090 ";

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  text.resize(bytes);
  return text;
}

void scan(benchmark::State& state, std::string_view unit) {
  auto classifier = Classifier::compile({});
  if (!classifier) return state.SkipWithError(classifier.error().message.c_str());
  Scanner scanner(std::move(*classifier));
  const std::string value = repeated(unit, static_cast<std::size_t>(state.range(0)));
  Text text;
  text.value = value;
  text.key = "content";
  text.pointer = "/messages/0/content";
  for (auto _ : state) {
    auto findings = scanner.scan({&text, 1});
    if (!findings) return state.SkipWithError(findings.error().detail.c_str());
    benchmark::DoNotOptimize(findings);
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(scan, prose, prose)->Arg(300)->Arg(4 << 10)->Arg(1 << 20);
BENCHMARK_CAPTURE(scan, numbers, numbers)->Arg(300)->Arg(4 << 10)->Arg(1 << 20);
BENCHMARK_CAPTURE(scan, people, people)->Arg(300)->Arg(4 << 10)->Arg(1 << 20);

}  // namespace
}  // namespace portcullis
