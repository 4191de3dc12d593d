#include <set>

#include "config/address.h"
#include "config/sections.h"

namespace portcullis {
namespace {

constexpr Range interval{1, 86'400};     // seconds
constexpr Range patience{100, 120'000};  // milliseconds
constexpr std::size_t witnesses_max = 16;

void read_time_stamp(Section& section, TimeStampSection& out) {
  section.text("url", out.url, Need::required);
  section.file_path("ca_file", out.ca_file, Need::required);
  section.file_path("tls_ca_file", out.tls_ca_file);
  section.duration("every", out.every, interval);
  section.duration("timeout", out.timeout, patience);
}

void read_witness(Section& section, WitnessSection& out) {
  section.text("url", out.url, Need::required);
  section.text("key", out.key);
  section.file_path("key_file", out.key_file);
  section.file_path("tls_ca_file", out.tls_ca_file);
  section.duration("every", out.every, interval);
  section.duration("timeout", out.timeout, patience);
}

void validate_target(const Judge& judge, const std::string& path, const std::string& url,
                     const std::string& tls_ca_file) {
  if (url.empty()) return;
  const auto parsed = parse_http_url(url);
  if (!parsed) {
    judge.error(path + ".url", parsed.error().message);
  } else if (parsed->scheme == Scheme::http && !tls_ca_file.empty()) {
    judge.error(path + ".tls_ca_file", "has no use with an http:// url");
  }
}

}  // namespace

void read_anchors(Section section, AnchorsSection& out) {
  if (auto time_stamp = section.optional_section("time_stamp")) {
    read_time_stamp(*time_stamp, out.time_stamp.emplace());
    time_stamp->finish();
  }
  section.each("witnesses", Need::optional,
               [&](Section& item) { read_witness(item, out.witnesses.emplace_back()); });
  section.finish();
}

void validate_anchors(const Judge& judge) {
  const AnchorsSection& anchors = judge.config.anchors;
  if (anchors.time_stamp) {
    validate_target(judge, "audit.anchors.time_stamp", anchors.time_stamp->url,
                    anchors.time_stamp->tls_ca_file);
  }
  if (anchors.witnesses.size() > witnesses_max) {
    judge.error("audit.anchors.witnesses", "at most " + std::to_string(witnesses_max));
  }
  std::set<std::string> seen;
  for (std::size_t i = 0; i < anchors.witnesses.size(); ++i) {
    const WitnessSection& witness = anchors.witnesses[i];
    const std::string path = indexed("audit.anchors.witnesses", i);
    validate_target(judge, path, witness.url, witness.tls_ca_file);
    if (witness.key.empty() == witness.key_file.empty()) {
      judge.error(path + ".key", "expected exactly one of key and key_file");
    }
    if (!seen.insert(witness.url).second) judge.error(path + ".url", "another witness has it");
  }
}

}  // namespace portcullis
