#include <algorithm>
#include <array>
#include <optional>

#include "base/encoding.h"
#include "content/content.h"
#include "content/schema.h"

namespace portcullis {
namespace {

constexpr std::string_view model_segment = "{model}";
constexpr std::size_t model_bytes_max = 256;

// Neither chooses a model, nor opens a feature, nor names a person or an account.
constexpr std::string_view openai_headers[] = {
    "accept",
    "content-type",
    "traceparent",
    "tracestate",
    "user-agent",
    "x-client-request-id",
    "x-stainless-arch",
    "x-stainless-async",
    "x-stainless-helper-method",
    "x-stainless-lang",
    "x-stainless-os",
    "x-stainless-package-version",
    "x-stainless-raw-response",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
    "x-stainless-runtime",
    "x-stainless-runtime-version",
    "x-stainless-timeout",
};

struct Surface {
  std::string_view name;
  std::span<const Endpoint> (*endpoints)();
  std::span<const std::string_view> headers;
  std::span<const std::string_view> query;
};
constexpr Surface surfaces[] = {{"openai", openai_endpoints, openai_headers, {}}};

const Surface* find_surface(std::string_view name) {
  for (const Surface& surface : surfaces) {
    if (surface.name == name) return &surface;
  }
  return nullptr;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

// What a gateway behind could read as another path than we do.
bool is_ambiguous(std::string_view path) {
  const std::string lower = lower_case(path);
  constexpr std::array<std::string_view, 8> refused = {"%2f", "%5c", "%2e", "%25",
                                                       "..",  "//",  ";",   "\\"};
  return std::any_of(refused.begin(), refused.end(),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

bool is_model_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._:@+").find(c) != std::string_view::npos;
}

// A percent-encoded segment; nullopt unless it is the name that a model can have.
std::optional<std::string> model_name(std::string_view segment) {
  std::string name;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    char c = segment[at];
    if (c == '%') {
      const auto byte = from_hex(lower_case(segment.substr(at + 1, 2)));
      if (!byte || byte->size() != 1) return std::nullopt;
      c = static_cast<char>(byte->front());
      at += 2;
    }
    if (!is_model_character(c)) return std::nullopt;
    name += c;
  }
  if (name.empty() || name == "." || name.size() > model_bytes_max) return std::nullopt;
  return name;
}

// nullopt: another path. Otherwise the model that it names, possibly none.
std::optional<std::string> match(const Endpoint& endpoint, std::string_view path) {
  if (!endpoint.path.ends_with(model_segment)) {
    return endpoint.path == path ? std::optional<std::string>(std::string()) : std::nullopt;
  }
  const std::string_view prefix =
      endpoint.path.substr(0, endpoint.path.size() - model_segment.size());
  if (!path.starts_with(prefix)) return std::nullopt;
  return model_name(path.substr(prefix.size()));
}

}  // namespace

std::string_view action_name(Action action) {
  switch (action) {
    case Action::chat:
      return "chat";
    case Action::complete:
      return "complete";
    case Action::embed:
      return "embed";
    case Action::respond:
      return "respond";
    case Action::list_models:
      return "list_models";
  }
  return {};
}

bool is_surface(std::string_view name) { return find_surface(name) != nullptr; }

std::span<const std::string_view> forwarded_headers(std::string_view surface) {
  const Surface* found = find_surface(surface);
  return found == nullptr ? std::span<const std::string_view>() : found->headers;
}

std::span<const std::string_view> forwarded_query(std::string_view surface) {
  const Surface* found = find_surface(surface);
  return found == nullptr ? std::span<const std::string_view>() : found->query;
}

OrDenial<EndpointMatch> find_endpoint(std::string_view surface, std::string_view method,
                                      std::string_view path) {
  const Surface* found = find_surface(surface);
  if (found == nullptr) return deny(Reason::path_unknown, "no such surface");
  if (is_ambiguous(path)) {
    return deny(Reason::path_unknown, "the path holds a sequence that can be read in two ways");
  }
  bool path_known = false;
  for (const Endpoint& endpoint : found->endpoints()) {
    auto model = match(endpoint, path);
    if (!model) continue;
    path_known = true;
    if (endpoint.method != method) continue;
    return EndpointMatch{&endpoint, endpoint.action, endpoint.body != nullptr, std::move(*model)};
  }
  if (path_known) {
    return deny(Reason::method_not_allowed, "this path does not take that method");
  }
  return deny(Reason::path_unknown, "not a path of this surface");
}

}  // namespace portcullis
