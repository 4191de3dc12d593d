#include <algorithm>
#include <vector>

#include "content/content.h"
#include "content/inflate.h"

namespace portcullis {
namespace {

constexpr std::size_t codings_max = 2;
constexpr std::size_t ratio_free_bytes = 1u << 20;  // up to here any ratio is fine

struct Coding {
  std::string_view name;
  Inflated (*inflate)(std::string_view, std::size_t);  // nullptr: nothing to undo
};
constexpr Coding codings[] = {
    {"identity", nullptr},        {"gzip", inflate_gzip}, {"x-gzip", inflate_gzip},
    {"deflate", inflate_deflate}, {"br", inflate_brotli}, {"zstd", inflate_zstd},
};

const Coding* find_coding(std::string_view name) {
  const auto same = [](char a, char b) {
    return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
  };
  for (const Coding& coding : codings) {
    if (std::equal(coding.name.begin(), coding.name.end(), name.begin(), name.end(), same)) {
      return &coding;
    }
  }
  return nullptr;
}

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// In the order in which they were applied.
OrDenial<std::vector<const Coding*>> parse(std::string_view header) {
  std::vector<const Coding*> list;
  if (trim(header).empty()) return list;
  while (true) {
    const std::size_t comma = header.find(',');
    const Coding* coding = find_coding(trim(header.substr(0, comma)));
    if (coding == nullptr) {
      return deny(Reason::encoding_unsupported,
                  "Content-Encoding must be identity, gzip, deflate, br or zstd");
    }
    list.push_back(coding);
    if (list.size() > codings_max) {
      return deny(Reason::encoding_unsupported, "Content-Encoding names more than two codings");
    }
    if (comma == std::string_view::npos) return list;
    header.remove_prefix(comma + 1);
  }
}

struct Cap {
  std::size_t bytes;
  std::string_view key;
};

Cap cap_for(std::size_t received, const ContentLimits& limits) {
  const std::size_t by_ratio =
      received > limits.decoded_bytes_max / std::max<std::size_t>(limits.decoded_ratio_max, 1)
          ? limits.decoded_bytes_max
          : std::max(ratio_free_bytes, received * limits.decoded_ratio_max);
  if (by_ratio < limits.decoded_bytes_max) return {by_ratio, "content.decoded_ratio_max"};
  return {limits.decoded_bytes_max, "content.decoded_bytes_max"};
}

}  // namespace

OrDenial<std::string> decode_body(std::string body, std::string_view content_encoding,
                                  const ContentLimits& limits) {
  if (body.size() > limits.body_bytes_max) {
    return deny(Reason::body_too_large, "the body is larger than limits.body_bytes_max");
  }
  auto list = parse(content_encoding);
  if (!list) return tl::unexpected<Denial>(std::move(list.error()));
  const Cap cap = cap_for(body.size(), limits);
  const auto too_large = [&] {
    return deny(Reason::decoded_too_large,
                "the decoded body is larger than " + std::string(cap.key) + " allows");
  };
  for (auto coding = list->rbegin(); coding != list->rend(); ++coding) {
    if ((*coding)->inflate == nullptr) continue;
    auto inflated = (*coding)->inflate(body, cap.bytes);
    if (!inflated && inflated.error() == InflateError::too_large) return too_large();
    if (!inflated) {
      return deny(Reason::encoding_invalid,
                  "the body is not one complete stream of its Content-Encoding");
    }
    body = std::move(*inflated);
  }
  if (body.size() > cap.bytes) return too_large();
  return body;
}

}  // namespace portcullis
