#include "classify/detector.h"

namespace portcullis::classify {
namespace {

constexpr double unmistakable_p = 1e-4;
constexpr double contextual_p = 0.15;
constexpr double bare_p = 0.03;

}  // namespace

Confidence earned_confidence(const Evidence& evidence) {
  if (evidence.p <= unmistakable_p) return Confidence::high;
  if (evidence.context) {
    return evidence.p <= contextual_p || evidence.grouped ? Confidence::high : Confidence::medium;
  }
  if (evidence.irregular) return Confidence::low;
  return evidence.grouped || evidence.p <= bare_p ? Confidence::medium : Confidence::low;
}

}  // namespace portcullis::classify
