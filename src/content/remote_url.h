// URLs that a provider would fetch: whose host they name.
//
// Pure functions. Strict on purpose: what two URL parsers could read differently is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace portcullis {

bool is_data_url(std::string_view url);

// The host of an http or https URL, in lower case, without port and final dot. nullopt: another
// scheme, no host, user information, or characters that a host name or an address cannot have.
std::optional<std::string> remote_host(std::string_view url);

}  // namespace portcullis
