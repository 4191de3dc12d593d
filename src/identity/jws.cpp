#include "identity/jws.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "identity/strict_json.h"

namespace portcullis {
namespace {

constexpr std::array<std::string_view, 4> refused_parameters = {"crit", "b64", "zip", "enc"};

tl::unexpected<Denial> malformed(std::string detail) {
  return deny(Reason::token_malformed, std::move(detail));
}

}  // namespace

OrDenial<CompactJws> split_compact_jws(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return malformed("the token is not a compact JWS of three parts");
  }
  const std::string_view parts[] = {token.substr(0, first),
                                    token.substr(first + 1, second - first - 1),
                                    token.substr(second + 1)};
  const auto header = from_base64url(parts[0]);
  const auto payload = from_base64url(parts[1]);
  auto signature = from_base64url(parts[2]);
  if (!header || !payload || !signature) {
    return malformed("a part of the token is not canonical base64url");
  }
  if (header->empty() || payload->empty() || signature->empty()) {
    return malformed("a part of the token is empty");
  }
  return CompactJws{token.substr(0, second), std::string(as_text(*header)),
                    std::string(as_text(*payload)), std::move(*signature)};
}

OrDenial<JoseHeader> read_jose_header(std::string_view text) {
  const auto object = parse_strict_object(text);
  if (!object) return malformed("the token's header: " + object.error().message);
  for (const std::string_view name : refused_parameters) {
    if (object->contains(name)) {
      return malformed("the token's header has \"" + std::string(name) + "\"");
    }
  }
  const auto algorithm = read_text(*object, "alg");
  const auto key_id = read_text(*object, "kid");
  const auto type = read_text(*object, "typ");
  if (!algorithm.value) return malformed("the token's header has no \"alg\"");
  if (!key_id.value || !is_identifier(*key_id.value)) {
    return malformed("the token's header has no usable \"kid\": keys are never tried in turn");
  }
  if (type.present && !type.value) return malformed("the token's \"typ\" is not a string");
  return JoseHeader{*algorithm.value, *key_id.value, normal_type(type.value.value_or(""))};
}

std::string normal_type(std::string_view type) {
  std::string out(type);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::string_view prefix = "application/";
  if (out.starts_with(prefix)) out.erase(0, prefix.size());
  return out;
}

}  // namespace portcullis
