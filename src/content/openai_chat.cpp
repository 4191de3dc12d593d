// POST /v1/chat/completions: every member of its body.
#include "content/openai_common.h"

namespace portcullis::openai {
namespace {

constexpr Value roles[] = {{"system"},    {"developer"}, {"user"},
                           {"assistant"}, {"tool"},      {"function"}};
constexpr Place role{.types = bit::string, .role = Role::speaker, .values = roles};

constexpr Member image_members[] = {{"url", &image_url}, {"detail", &label}};
constexpr Object image_object{.members = image_members};
constexpr Place image = object_of(image_object);

constexpr Member file_members[] = {
    {"file_data", &file_data}, {"filename", &label}, {"file_id", &state}};
constexpr Object file_object{.members = file_members};
constexpr Place file = object_of(file_object);

constexpr Value part_types[] = {{"text"}, {"refusal"}, {"image_url"}, {"input_audio"}, {"file"}};
constexpr Place part_type = tag_of(part_types);
constexpr Member part_members[] = {
    {"type", &part_type},
    {"text", &prose, variants(part_types, {"text"})},
    {"refusal", &prose, variants(part_types, {"refusal"})},
    {"image_url", &image, variants(part_types, {"image_url"})},
    {"input_audio", &input_audio, variants(part_types, {"input_audio"})},
    {"file", &file, variants(part_types, {"file"})},
};
constexpr Object part_object{.members = part_members, .untagged = Reason::member_invalid};
constexpr Place part = element_of(part_object);
constexpr Place content{
    .types = bit::string | bit::array | bit::null, .role = Role::text, .element = &part};

constexpr Member called_function_members[] = {{"name", &label}, {"arguments", &arguments}};
constexpr Object called_function_object{.members = called_function_members};
constexpr Place called_function = object_of(called_function_object);
constexpr Member called_custom_members[] = {{"name", &label}, {"input", &prose}};
constexpr Object called_custom_object{.members = called_custom_members};
constexpr Place called_custom = object_of(called_custom_object);

constexpr Value tool_types[] = {{"function"}, {"custom"}};
constexpr Place tool_type = tool_tag_of(tool_types);
constexpr Member tool_call_members[] = {
    {"type", &tool_type},
    {"id", &label},
    {"index", &number},
    {"function", &called_function, variants(tool_types, {"function"})},
    {"custom", &called_custom, variants(tool_types, {"custom"})},
};
constexpr Object tool_call_object{.members = tool_call_members};
constexpr Place tool_call = element_of(tool_call_object);
constexpr Place tool_calls = list_of(tool_call);

constexpr Member message_members[] = {
    {"role", &role},
    {"content", &content},
    {"name", &label},
    {"tool_calls", &tool_calls},
    {"tool_call_id", &label},
    {"function_call", &called_function},
    {"refusal", &prose},
    {"annotations", &free_array},  // SDKs send an answer's message back as it came
    {"audio", &state},             // the id of an earlier spoken answer
};
constexpr Object message_object{.members = message_members, .turn = true};
constexpr Place message = element_of(message_object);
constexpr Place messages{.types = bit::array, .element = &message};

constexpr Member function_members[] = {
    {"name", &label}, {"description", &prose}, {"parameters", &free_object}, {"strict", &boolean}};
constexpr Object function_object{.members = function_members};
constexpr Place function = object_of(function_object);
constexpr Place function_element = element_of(function_object);
constexpr Place functions = list_of(function_element);

constexpr Member grammar_members[] = {{"definition", &label}, {"syntax", &label}};
constexpr Object grammar_object{.members = grammar_members};
constexpr Place grammar = object_of(grammar_object);
constexpr Member format_members[] = {{"type", &label}, {"grammar", &grammar}};
constexpr Object format_object{.members = format_members};
constexpr Place format = object_of(format_object);
constexpr Member custom_members[] = {
    {"name", &label}, {"description", &prose}, {"format", &format}};
constexpr Object custom_object{.members = custom_members};
constexpr Place custom = object_of(custom_object);
constexpr Member tool_members[] = {
    {"type", &tool_type},
    {"function", &function, variants(tool_types, {"function"})},
    {"custom", &custom, variants(tool_types, {"custom"})},
};
constexpr Object tool_object{.members = tool_members, .untagged = Reason::hosted_tool};
constexpr Place tool = element_of(tool_object);
constexpr Place tools = list_of(tool);

constexpr Member named_members[] = {{"name", &label}};
constexpr Object named_object{.members = named_members};
constexpr Place named = object_of(named_object);
constexpr Place label_or_named{.types = bit::string | bit::object | bit::null,
                               .object = &named_object};
constexpr Member named_tool_members[] = {
    {"type", &tool_type}, {"function", &named}, {"custom", &named}};
constexpr Object named_tool_object{.members = named_tool_members, .untagged = Reason::hosted_tool};
constexpr Place named_tool = element_of(named_tool_object);
constexpr Place named_tools = list_of(named_tool);
constexpr Member allowed_members[] = {{"mode", &label}, {"tools", &named_tools}};
constexpr Object allowed_object{.members = allowed_members};
constexpr Place allowed = object_of(allowed_object);
constexpr Value choice_types[] = {{"function"}, {"custom"}, {"allowed_tools"}};
constexpr Place choice_type = tool_tag_of(choice_types);
constexpr Member choice_members[] = {
    {"type", &choice_type},
    {"function", &named, variants(choice_types, {"function"})},
    {"custom", &named, variants(choice_types, {"custom"})},
    {"allowed_tools", &allowed, variants(choice_types, {"allowed_tools"})},
};
constexpr Object choice_object{.members = choice_members, .untagged = Reason::hosted_tool};
constexpr Place tool_choice{.types = bit::string | bit::object | bit::null,
                            .object = &choice_object};

constexpr Member json_schema_members[] = {
    {"name", &label}, {"description", &prose}, {"schema", &free_object}, {"strict", &boolean}};
constexpr Object json_schema_object{.members = json_schema_members};
constexpr Place json_schema = object_of(json_schema_object);
constexpr Member response_format_members[] = {{"type", &label}, {"json_schema", &json_schema}};
constexpr Object response_format_object{.members = response_format_members};
constexpr Place response_format = object_of(response_format_object);

constexpr Member prediction_members[] = {{"type", &label}, {"content", &content}};
constexpr Object prediction_object{.members = prediction_members, .turn = true};
constexpr Place prediction = object_of(prediction_object);

constexpr Member audio_members[] = {{"voice", &label}, {"format", &label}};
constexpr Object audio_object{.members = audio_members};
constexpr Place audio = object_of(audio_object);

constexpr Member body_members[] = {
    {"model", &model},
    {"messages", &messages},
    {"stream", &stream},
    {"stream_options", &stream_options},
    {"temperature", &number},
    {"top_p", &number},
    {"max_tokens", &number},
    {"max_completion_tokens", &number},
    {"n", &number},
    {"stop", &label_or_labels},
    {"seed", &number},
    {"presence_penalty", &number},
    {"frequency_penalty", &number},
    {"logit_bias", &free_object},
    {"logprobs", &boolean},
    {"top_logprobs", &number},
    {"tools", &tools},
    {"tool_choice", &tool_choice},
    {"parallel_tool_calls", &boolean},
    {"functions", &functions},
    {"function_call", &label_or_named},
    {"response_format", &response_format},
    {"reasoning_effort", &label},
    {"verbosity", &label},
    {"prediction", &prediction},
    {"modalities", &labels},
    {"audio", &audio},
    {"user", &label},
    {"safety_identifier", &label},
    {"prompt_cache_key", &label},
    {"prompt_cache_retention", &label},
    {"service_tier", &label},
    {"metadata", &string_map},
    {"store", &force_false},
    {"web_search_options", &hosted_tool},
};
constexpr Object body_object{.members = body_members};

}  // namespace

const Place chat_body{.types = bit::object, .object = &body_object};

}  // namespace portcullis::openai
