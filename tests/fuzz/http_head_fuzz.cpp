// Raw request heads: what the gate lets pass must read the same to any other server. A naive reader
// takes the place of Beast's parser, and the judgement is checked against the raw bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "net/http_gate.h"

namespace {

using portcullis::Header;
using portcullis::RequestHead;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

struct Raw {
  RequestHead head;
  std::string target;
  unsigned version = 0;
};

// Line by line, as generously as a careless server would.
Raw read_naively(std::string_view block) {
  Raw raw;
  bool first = true;
  while (!block.empty()) {
    const std::size_t end = std::min(block.find("\r\n"), block.size());
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 2, block.size()));
    if (first) {
      const std::size_t method = std::min(line.find(' '), line.size());
      const std::size_t target = std::max(std::min(line.rfind(' '), line.size()), method);
      raw.head.method = line.substr(0, method);
      if (target > method) raw.target = line.substr(method + 1, target - method - 1);
      if (line.ends_with("HTTP/1.1")) raw.version = 11;
      if (line.ends_with("HTTP/1.0")) raw.version = 10;
      first = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    raw.head.headers.push_back(
        {lower(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
  }
  return raw;
}

void check_raw(std::string_view block) {
  require(block.ends_with("\r\n\r\n"));
  require(block.find("\r\n\r\n") == block.size() - 4);
  require(block.find("\r\n ") == block.npos && block.find("\r\n\t") == block.npos);
  for (std::size_t i = 0; i < block.size(); ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    require(byte < 0x7f);
    if (byte == '\n') require(i > 0 && block[i - 1] == '\r');
    if (byte == '\r') require(i + 1 < block.size() && block[i + 1] == '\n');
    require(byte >= 0x20 || byte == '\t' || byte == '\r' || byte == '\n');
  }
}

void check_judged(const RequestHead& head, const Raw& raw) {
  require(head.count("host") == 1 && !head.find("host")->empty());
  require(head.count("content-length") + head.count("transfer-encoding") <= 1);
  require(head.count("authorization") <= 1);
  require(head.find("upgrade") == nullptr);
  require(raw.target.starts_with('/'));
  require(raw.target == head.path + (raw.target.size() > head.path.size() ? "?" + head.query : ""));
  const std::string* coding = head.find("transfer-encoding");
  require(head.chunked == (coding != nullptr));
  if (coding != nullptr) require(lower(*coding) == "chunked" && raw.version == 11);
  if (const std::string* length = head.find("content-length")) {
    require(std::stoull(*length) == head.content_length);
    require(length->find_first_not_of("0123456789") == length->npos);
  } else {
    require(head.content_length == 0);
  }
  if (head.method == "GET" || head.method == "HEAD") require(!head.has_body());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view block(reinterpret_cast<const char*>(data), size);
  const portcullis::HeadLimits limits{.fields_max = 16};
  static_cast<void>(portcullis::is_clean_answer_head(block));
  const bool clean = !portcullis::check_raw_head(block, limits).has_value();
  if (clean) check_raw(block);
  // Also over what the raw check refuses: each judge must hold by itself.
  Raw raw = read_naively(block);
  RequestHead judged = raw.head;
  if (!portcullis::check_head(judged, {raw.target, raw.version})) check_judged(judged, raw);
  return 0;
}
