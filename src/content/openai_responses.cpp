// POST /v1/responses: every member of its body.
#include "content/openai_common.h"

namespace portcullis::openai {
namespace {

constexpr Value roles[] = {{"user"}, {"assistant"}, {"system"}, {"developer"}};
constexpr Place role{.types = bit::string, .role = Role::speaker, .values = roles};

constexpr Value part_types[] = {{"input_text"},  {"output_text"},  {"refusal"},
                                {"input_image"}, {"input_file"},   {"input_audio"},
                                {"text"},        {"summary_text"}, {"reasoning_text"}};
constexpr Place part_type = tag_of(part_types);
constexpr Member part_members[] = {
    {"type", &part_type},
    {"text", &prose,
     variants(part_types, {"input_text", "output_text", "text", "summary_text", "reasoning_text"})},
    {"refusal", &prose, variants(part_types, {"refusal"})},
    {"annotations", &free_array, variants(part_types, {"output_text"})},
    {"logprobs", &free_array, variants(part_types, {"output_text"})},
    {"image_url", &image_url, variants(part_types, {"input_image"})},
    {"detail", &label, variants(part_types, {"input_image", "input_file"})},
    {"file_id", &state, variants(part_types, {"input_image", "input_file"})},
    {"file_data", &file_data, variants(part_types, {"input_file"})},
    {"file_url", &file_url, variants(part_types, {"input_file"})},
    {"filename", &label, variants(part_types, {"input_file"})},
    {"input_audio", &input_audio, variants(part_types, {"input_audio"})},
};
constexpr Object part_object{.members = part_members, .untagged = Reason::member_invalid};
constexpr Place part = element_of(part_object);
constexpr Place content{
    .types = bit::string | bit::array | bit::null, .role = Role::text, .element = &part};

constexpr Place sealed{
    .types = bit::string | bit::null, .role = Role::sealed, .unscanned = "provider_sealed"};

constexpr Value item_types[] = {
    {"message"},
    {"function_call"},
    {"function_call_output"},
    {"custom_tool_call"},
    {"custom_tool_call_output"},
    {"reasoning"},
    {"compaction"},
    {"item_reference", Reason::provider_state},
};
constexpr Place item_type{.types = bit::string,
                          .role = Role::tag,
                          .values = item_types,
                          .other_value = Reason::hosted_tool};
constexpr Member item_members[] = {
    {"type", &item_type},
    {"id", &label},
    {"status", &label},
    {"role", &role, variants(item_types, {"message"})},
    {"phase", &label, variants(item_types, {"message"})},
    {"content", &content, variants(item_types, {"message", "reasoning"})},
    {"call_id", &label,
     variants(item_types, {"function_call", "function_call_output", "custom_tool_call",
                           "custom_tool_call_output"})},
    {"name", &label, variants(item_types, {"function_call", "custom_tool_call"})},
    {"namespace", &label, variants(item_types, {"function_call", "custom_tool_call"})},
    {"arguments", &arguments, variants(item_types, {"function_call"})},
    {"input", &prose, variants(item_types, {"custom_tool_call"})},
    {"output", &content, variants(item_types, {"function_call_output", "custom_tool_call_output"})},
    {"summary", &content, variants(item_types, {"reasoning"})},
    {"encrypted_content", &sealed, variants(item_types, {"reasoning", "compaction"})},
};
// An item that is nothing but an id is read as a reference to a stored one.
constexpr Object item_object{.members = item_members,
                             .turn = true,
                             .default_variant = variants(item_types, {"message"}),
                             .untagged = Reason::provider_state};
constexpr Place item = element_of(item_object);
constexpr Place input{
    .types = bit::string | bit::array | bit::null, .role = Role::text, .element = &item};

constexpr Member format_members[] = {{"type", &label}, {"definition", &label}, {"syntax", &label}};
constexpr Object format_object{.members = format_members};
constexpr Place format = object_of(format_object);
constexpr Value tool_types[] = {{"function"}, {"custom"}};
constexpr Place tool_type = tool_tag_of(tool_types);
constexpr Member tool_members[] = {
    {"type", &tool_type},
    {"name", &label},
    {"description", &prose},
    {"defer_loading", &boolean},
    {"parameters", &free_object, variants(tool_types, {"function"})},
    {"strict", &boolean, variants(tool_types, {"function"})},
    {"format", &format, variants(tool_types, {"custom"})},
};
constexpr Object tool_object{.members = tool_members, .untagged = Reason::hosted_tool};
constexpr Place tool = element_of(tool_object);
constexpr Place tools = list_of(tool);

constexpr Member named_tool_members[] = {{"type", &tool_type}, {"name", &label}};
constexpr Object named_tool_object{.members = named_tool_members, .untagged = Reason::hosted_tool};
constexpr Place named_tool = element_of(named_tool_object);
constexpr Place named_tools = list_of(named_tool);
constexpr Value choice_types[] = {{"function"}, {"custom"}, {"allowed_tools"}};
constexpr Place choice_type = tool_tag_of(choice_types);
constexpr Member choice_members[] = {
    {"type", &choice_type},
    {"name", &label, variants(choice_types, {"function", "custom"})},
    {"mode", &label, variants(choice_types, {"allowed_tools"})},
    {"tools", &named_tools, variants(choice_types, {"allowed_tools"})},
};
constexpr Object choice_object{.members = choice_members, .untagged = Reason::hosted_tool};
constexpr Place tool_choice{.types = bit::string | bit::object | bit::null,
                            .object = &choice_object};

constexpr Member text_format_members[] = {{"type", &label},
                                          {"name", &label},
                                          {"description", &prose},
                                          {"schema", &free_object},
                                          {"strict", &boolean}};
constexpr Object text_format_object{.members = text_format_members};
constexpr Place text_format = object_of(text_format_object);
constexpr Member text_members[] = {{"format", &text_format}, {"verbosity", &label}};
constexpr Object text_object{.members = text_members};
constexpr Place text = object_of(text_object);

constexpr Member reasoning_members[] = {
    {"effort", &label}, {"summary", &label}, {"generate_summary", &label}};
constexpr Object reasoning_object{.members = reasoning_members};
constexpr Place reasoning = object_of(reasoning_object);

constexpr Member compaction_members[] = {{"type", &label}, {"compact_threshold", &number}};
constexpr Object compaction_object{.members = compaction_members};
constexpr Place compaction = element_of(compaction_object);
constexpr Place context_management = list_of(compaction);

constexpr Member body_members[] = {
    {"model", &model},
    {"input", &input},
    {"instructions", &prose},
    {"stream", &stream},
    {"stream_options", &stream_options},
    {"temperature", &number},
    {"top_p", &number},
    {"top_logprobs", &number},
    {"max_output_tokens", &number},
    {"max_tool_calls", &number},
    {"tools", &tools},
    {"tool_choice", &tool_choice},
    {"parallel_tool_calls", &boolean},
    {"text", &text},
    {"reasoning", &reasoning},
    {"include", &labels},
    {"truncation", &label},
    {"context_management", &context_management},
    {"user", &label},
    {"safety_identifier", &label},
    {"prompt_cache_key", &label},
    {"prompt_cache_retention", &label},
    {"service_tier", &label},
    {"metadata", &string_map},
    {"store", &force_false},
    {"background", &force_false},
    {"previous_response_id", &state},
    {"conversation", &state},
    {"prompt", &state},
};
constexpr Object body_object{.members = body_members, .store_defaults_true = true};

}  // namespace

const Place responses_body{.types = bit::object, .object = &body_object};

}  // namespace portcullis::openai
