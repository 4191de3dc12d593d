// The OpenAI surface: its endpoints, and the bodies of the small ones.
#include "content/openai_common.h"

namespace portcullis {
namespace openai {
namespace {

constexpr Member completions_members[] = {
    {"model", &model},
    {"prompt", &prompt},
    {"suffix", &prose},
    {"stream", &stream},
    {"stream_options", &stream_options},
    {"temperature", &number},
    {"top_p", &number},
    {"max_tokens", &number},
    {"n", &number},
    {"best_of", &number},
    {"echo", &boolean},
    {"stop", &label_or_labels},
    {"seed", &number},
    {"presence_penalty", &number},
    {"frequency_penalty", &number},
    {"logit_bias", &free_object},
    {"logprobs", &number},
    {"user", &label},
};
constexpr Object completions_object{.members = completions_members};
constexpr Place completions_body{.types = bit::object, .object = &completions_object};

constexpr Member embeddings_members[] = {
    {"model", &model},           {"input", &prompt}, {"dimensions", &number},
    {"encoding_format", &label}, {"user", &label},
};
constexpr Object embeddings_object{.members = embeddings_members};
constexpr Place embeddings_body{.types = bit::object, .object = &embeddings_object};

constexpr Endpoint endpoints[] = {
    {Action::chat, "POST", "/v1/chat/completions", &chat_body},
    {Action::respond, "POST", "/v1/responses", &responses_body},
    {Action::complete, "POST", "/v1/completions", &completions_body},
    {Action::embed, "POST", "/v1/embeddings", &embeddings_body},
    {Action::list_models, "GET", "/v1/models", nullptr},
    {Action::list_models, "GET", "/v1/models/{model}", nullptr},
};

}  // namespace
}  // namespace openai

std::span<const Endpoint> openai_endpoints() { return openai::endpoints; }

}  // namespace portcullis
