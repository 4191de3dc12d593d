// Places that several endpoints of the OpenAI surface share.
//
// Constant data. What each role means stands in schema.h; the members are those of OpenAI's public
// API reference. Optional members take null, as SDKs send it.
#pragma once

#include "content/schema.h"

namespace portcullis::openai {

namespace bit = json_type_bit;

inline constexpr Place label{.types = bit::string | bit::null};
inline constexpr Place required_label{.types = bit::string};
inline constexpr Place number{.types = bit::number | bit::null};
inline constexpr Place boolean{.types = bit::boolean | bit::null};
inline constexpr Place prose{.types = bit::string | bit::null, .role = Role::text};
inline constexpr Place arguments{.types = bit::string | bit::null, .role = Role::arguments};
inline constexpr Place model{.types = bit::string, .role = Role::model};
inline constexpr Place stream{.types = bit::boolean | bit::null, .role = Role::stream};
inline constexpr Place force_false{.types = bit::boolean | bit::null, .role = Role::force_false};
inline constexpr Place state{.role = Role::state};
inline constexpr Place hosted_tool{.role = Role::hosted_tool};
inline constexpr Place free_object{.types = bit::object | bit::null};  // e.g. a JSON schema
// metadata: a flat map of strings. LiteLLM routes by a list of tags in it.
inline constexpr Place string_map{.types = bit::object | bit::null, .element = &required_label};
inline constexpr Place free_array{.types = bit::array | bit::null};
inline constexpr Place labels{.types = bit::array | bit::null, .element = &required_label};
inline constexpr Place label_or_labels{.types = bit::string | bit::array | bit::null,
                                       .element = &required_label};

constexpr Place object_of(const Object& object) {
  return {.types = bit::object | bit::null, .object = &object};
}
constexpr Place element_of(const Object& object) {
  return {.types = bit::object, .object = &object};
}
constexpr Place list_of(const Place& element) {
  return {.types = bit::array | bit::null, .element = &element};
}
constexpr Place tag_of(std::span<const Value> values) {
  return {.types = bit::string,
          .role = Role::tag,
          .values = values,
          .other_value = Reason::member_invalid};
}
// What is not a function of the caller's own runs at the provider.
constexpr Place tool_tag_of(std::span<const Value> values) {
  return {.types = bit::string,
          .role = Role::tag,
          .values = values,
          .other_value = Reason::hosted_tool};
}

inline constexpr Place image_url{
    .types = bit::string | bit::null, .role = Role::media_url, .unscanned = "image"};
inline constexpr Place file_url{
    .types = bit::string | bit::null, .role = Role::media_url, .unscanned = "file"};
inline constexpr Place file_data{
    .types = bit::string | bit::null, .role = Role::media, .unscanned = "file"};
inline constexpr Place audio_data{
    .types = bit::string | bit::null, .role = Role::media, .unscanned = "audio"};

inline constexpr Member input_audio_members[] = {{"data", &audio_data}, {"format", &label}};
inline constexpr Object input_audio_object{.members = input_audio_members};
inline constexpr Place input_audio = object_of(input_audio_object);

inline constexpr Place include_usage{.types = bit::boolean | bit::null, .role = Role::stream_usage};
inline constexpr Member stream_options_members[] = {{"include_usage", &include_usage},
                                                    {"include_obfuscation", &boolean}};
inline constexpr Object stream_options_object{.members = stream_options_members};
inline constexpr Place stream_options = object_of(stream_options_object);

// A string, strings, token ids, or lists of token ids.
inline constexpr Place token_list{.types = bit::number | bit::string | bit::array,
                                  .role = Role::token_ids};
inline constexpr Place prompt{
    .types = bit::string | bit::array | bit::null, .role = Role::text, .element = &token_list};

extern const Place chat_body;
extern const Place responses_body;

}  // namespace portcullis::openai
