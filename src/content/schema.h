// The vocabulary in which a surface is written down: places, closed objects, endpoints.
//
// Plain constant data. A table says for every place in a request's body which JSON types may stand
// there, what is to be done with the value, and which members or elements it may have. What no
// table names is refused.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "content/content.h"

namespace portcullis {

// JSON types, as bits of Place::types.
namespace json_type_bit {
inline constexpr std::uint8_t null = 1, boolean = 2, number = 4, string = 8, array = 16,
                              object = 32, any = 63;
}

enum class Role : std::uint8_t {
  plain,         // scanned, not rewritable
  text,          // scanned and rewritable: what is said to a model
  arguments,     // as text; holds the JSON of a tool call
  model,         // the name of a model
  stream,        // Content::stream
  stream_usage,  // Content::stream_usage
  force_false,   // replaced by false unless it is false
  state,         // names something stored at the provider: refused unless null
  hosted_tool,   // asks for a tool that the provider runs: refused unless null
  speaker,       // who speaks in a turn: texts of consecutive turns of one speaker are joined
  tag,           // says which variant of an object this is
  token_ids,     // numbers are token ids, which cannot be read
  media,         // Place::unscanned: base64 that cannot be read
  media_url,     // Place::unscanned, and a URL that the provider fetches
  sealed,        // Place::unscanned: encrypted by the provider
};

// One of the strings that an enumerated place may hold, and why it is refused all the same.
struct Value {
  std::string_view name;
  Reason refused = Reason::none;
};

struct Object;

struct Place {
  std::uint8_t types = json_type_bit::any;
  Role role = Role::plain;
  const Object* object = nullptr;      // nullptr: members are free, and free beneath
  const Place* element = nullptr;      // of an array, or a free object's members; nullptr: free
  std::span<const Value> values = {};  // empty: any string
  Reason other_value = Reason::member_invalid;  // for a string that is not in `values`
  std::string_view unscanned = {};
};

inline constexpr std::uint64_t every_variant = ~std::uint64_t{0};

struct Member {
  std::string_view name;
  const Place* place;
  std::uint64_t variants = every_variant;  // bits by index into the tag's values
};

struct Object {
  std::span<const Member> members;
  bool turn = false;  // one turn of a conversation
  // The variant of an object without a tag; `untagged` refuses it unless there is a speaker.
  std::uint64_t default_variant = every_variant;
  Reason untagged = Reason::none;
  bool store_defaults_true = false;  // insert "store":false where it is absent
};

struct Endpoint {
  Action action;
  std::string_view method;
  std::string_view path;  // "{model}" as the last segment stands for a model's name
  const Place* body;      // nullptr: takes none
};

// The bits of the named values, for Member::variants.
consteval std::uint64_t variants(std::span<const Value> values,
                                 std::initializer_list<std::string_view> names) {
  std::uint64_t bits = 0;
  for (const std::string_view name : names) {
    std::uint64_t bit = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].name == name) bit = std::uint64_t{1} << i;
    }
    if (bit == 0) throw "no such value";  // not a constant expression: does not compile
    bits |= bit;
  }
  return bits;
}

std::span<const Endpoint> openai_endpoints();

}  // namespace portcullis
