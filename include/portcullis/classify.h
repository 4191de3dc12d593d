// Classification: which regulated data types stand in which text, and how sure that is.
//
// A Classifier is the immutable, compiled detector table (built in and organisation-defined). A
// Scanner is one thread's working state over it: RE2's lazily built automata lock, so each worker
// has its own.
//
// Thread-safety: Classifier is immutable and may be shared; a Scanner is confined to one thread.
// Lifetimes: a Scanner keeps its Classifier alive; Finding::type and data_class view the
// Classifier. Errors: anything but a clean answer from an engine is Reason::classifier_failed,
// never "nothing found".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/result.h"
#include "portcullis/types.h"

namespace portcullis {

// An organisation's own detector, from YAML; see config/portcullis.yaml, classify.custom.
struct CustomDetector {
  std::string type;  // [a-z][a-z0-9_]{0,63}, not one that is built in
  std::string data_class;
  std::string pattern;  // RE2 syntax, bounded repeats, must not match the empty string
  std::vector<std::string> keywords;  // empty: no context needed
  std::uint32_t distance = 60;        // bytes between a keyword and the value, 1 to 1000
  std::string checksum;               // a validator's name (luhn, mod97_10, ...); empty: none
  Confidence confidence = Confidence::medium;
};

struct ClassifierOptions {
  std::vector<std::string> countries = {"us", "uk", "nl", "de", "es", "pl"};  // packs to load
  std::vector<CustomDetector> custom;
  Confidence minimum_confidence = Confidence::medium;  // findings below it are not reported
  // Work budget of one scan, in bytes of text looked at (decoding and rescans count again). Beyond
  // it the rest is Unscanned "budget".
  std::uint64_t work_bytes_max = 64u << 20;
};

class Classifier {
 public:
  // Compiles and probes every detector. The error names the detector and the position in its
  // pattern.
  static Result<std::shared_ptr<const Classifier>> compile(const ClassifierOptions& options);
  ~Classifier();

  // SHA-256 over the detector table, its options and the engine's semantics version.
  const Digest& digest() const;
  // Every data class that a finding can have, sorted.
  const std::vector<std::string>& classes() const;
  // Every (type, class) pair, sorted by type: for documentation and `policy check`.
  std::vector<std::pair<std::string, std::string>> types() const;

 private:
  friend class Scanner;
  struct Compiled;
  explicit Classifier(std::unique_ptr<const Compiled> compiled);
  std::unique_ptr<const Compiled> compiled_;
};

class Scanner {
 public:
  explicit Scanner(std::shared_ptr<const Classifier> classifier);
  ~Scanner();
  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;

  // Scans each text by itself. Text::key and Text::pointer count as context for its value.
  OrDenial<Findings> scan(std::span<const Text> texts);
  const Classifier& classifier() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What stands in place of a redacted value of `type`: "[US_SSN]".
std::string redaction_token(std::string_view type);

}  // namespace portcullis
