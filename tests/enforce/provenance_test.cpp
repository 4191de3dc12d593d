#include "enforce/provenance.h"

#include <gtest/gtest.h>

namespace portcullis {
namespace {

struct Row {
  const char* gateway;
  std::vector<Header> headers;
  std::string provider;  // empty: unknown
  std::string model;
};

TEST(Provenance, OneRowAGateway) {
  const Row rows[] = {
      {"none", {{"x-portkey-provider", "openai"}, {"x-kong-llm-model", "a/b"}}, "", ""},
      {"", {{"x-portkey-provider", "openai"}}, "", ""},
      {"portkey", {{"x-portkey-provider", "openai"}}, "openai", ""},
      {"portkey", {{"x-portkey-provider", ""}}, "", ""},
      {"portkey", {{"x-litellm-model-name", "openai/gpt"}}, "", ""},
      {"portkey", {}, "", ""},
      {"litellm", {{"x-litellm-model-name", "azure/gpt-4o"}}, "azure", "gpt-4o"},
      {"litellm", {{"x-litellm-model-name", "gpt-4o"}}, "", "gpt-4o"},
      {"litellm",
       {{"x-litellm-model-api-base", "https://api.openai.com"}, {"x-litellm-model-name", "gpt-4o"}},
       "https://api.openai.com",
       "gpt-4o"},
      {"kong", {{"x-kong-llm-model", "openai/gpt-4o"}}, "openai", "gpt-4o"},
      {"kong", {{"x-kong-llm-model", "openai/org/gpt-4o"}}, "openai", "org/gpt-4o"},
      {"helicone", {{"helicone-provider", "ANTHROPIC"}}, "ANTHROPIC", ""},
  };
  for (const Row& row : rows) {
    Outcome outcome;
    learn_from_headers(row.gateway, row.headers, outcome);
    EXPECT_EQ(outcome.provider.value, row.provider) << row.gateway;
    EXPECT_EQ(outcome.model.value, row.model) << row.gateway;
    EXPECT_EQ(outcome.provider.from,
              row.provider.empty() ? Provenance::unknown : Provenance::header);
    EXPECT_EQ(outcome.model.from, row.model.empty() ? Provenance::unknown : Provenance::header);
  }
}

TEST(Provenance, WhatNoHeaderSaysStaysAsItWas) {
  Outcome outcome;
  outcome.provider = {"configured", Provenance::config};
  learn_from_headers("litellm", {}, outcome);
  EXPECT_EQ(outcome.provider.value, "configured");
  EXPECT_EQ(outcome.provider.from, Provenance::config);
}

}  // namespace
}  // namespace portcullis
