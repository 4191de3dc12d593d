#include "enforce/provenance.h"

#include <algorithm>

namespace portcullis {
namespace {

struct GatewayRow {
  std::string_view gateway;
  std::string_view provider_header;  // empty: it names none
  std::string_view model_header;
  char separator = '\0';  // the model header holds "provider<separator>model"
};
constexpr GatewayRow gateways[] = {
    {"portkey", "x-portkey-provider", ""},
    {"litellm", "x-litellm-model-api-base", "x-litellm-model-name", '/'},
    {"kong", "", "x-kong-llm-model", '/'},
    {"helicone", "helicone-provider", ""},
};

const std::string* find(const std::vector<Header>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const Header& header) { return header.name == name; });
  return found == headers.end() || found->value.empty() ? nullptr : &found->value;
}

}  // namespace

void learn_from_headers(std::string_view gateway, const std::vector<Header>& headers,
                        Outcome& outcome) {
  const auto row = std::find_if(std::begin(gateways), std::end(gateways),
                                [&](const GatewayRow& known) { return known.gateway == gateway; });
  if (row == std::end(gateways)) return;
  if (const std::string* provider = find(headers, row->provider_header)) {
    outcome.provider = {*provider, Provenance::header};
  }
  const std::string* model = find(headers, row->model_header);
  if (model == nullptr) return;
  const std::size_t at = row->separator == '\0' ? model->npos : model->find(row->separator);
  if (at == model->npos) {
    outcome.model = {*model, Provenance::header};
    return;
  }
  outcome.provider = {model->substr(0, at), Provenance::header};
  outcome.model = {model->substr(at + 1), Provenance::header};
}

}  // namespace portcullis
