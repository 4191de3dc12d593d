// Random small policies and inputs over a shared vocabulary, so that they meet often. Seeded: the
// same seed gives the same sequence everywhere (no standard distribution is used).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/model.h"
#include "portcullis/policy.h"

namespace portcullis::model {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  std::uint64_t next();
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  Rule rule(const std::string& id);
  Policy policy();
  PolicyInput input();

 private:
  Atom atom(const std::string& attribute);
  Names some(const std::vector<std::string>& from);
  std::vector<std::string> sorted_some(const std::vector<std::string>& from);
  DataItem item();
  std::uint64_t state_;
};

// Everything the generator's policies refer to.
PolicyContext random_context();

// The same input with one piece of information less; one per piece that there is.
std::vector<PolicyInput> with_less(const PolicyInput& input);

}  // namespace portcullis::model
